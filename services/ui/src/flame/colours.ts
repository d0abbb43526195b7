/** Colours of bars: one for each package, always the same; for a diff from blue (less) over grey to orange (more), which colour-blind eyes tell apart. */

export interface Palette {
  readonly isDark: boolean;
  /** What functions share a colour with. */
  readonly by: 'package' | 'function';
  /** Colours of a diff: the second pair is what many are used to, and colour-blind eyes do not tell apart. */
  readonly diff: 'blue-orange' | 'green-red';
}

/** Package of a function name, as Go, Java, JavaScript, Python, Rust, Ruby and native code write them. */
export function packageOf(name: string): string {
  const plain = name.replace(/\[.*?\]|<.*?>/g, '');
  const binary = /^([^!]+)!/.exec(plain)?.[1];
  if (binary !== undefined) return binary;
  if (plain.includes('::')) return plain.split('::').slice(0, 2).join('::');
  const slash = plain.lastIndexOf('/');
  const dot = plain.indexOf('.', slash + 1);
  return dot < 0 ? plain : plain.slice(0, dot);
}

export function barColour(name: string, { isDark, by }: Palette): string {
  const hash = hashText(by === 'package' ? packageOf(name) : name);
  // Warm to violet, without the blue that means "less" and the green of success.
  const hue = (hash % 150) + (hash % 2 === 0 ? 0 : 190);
  const saturation = 45 + ((hash >>> 8) % 20);
  const lightness = (isDark ? 22 : 72) + ((hash >>> 16) % (isDark ? 6 : 10));
  return `hsl(${hue % 360} ${saturation}% ${lightness}%)`;
}

/** Grey of what has no colour of its own: the root, and what a node budget hides. */
export function plainColour({ isDark }: Palette): string {
  return isDark ? '#3f3f46' : '#d4d4d8';
}

/** Colour of text on bars. */
export function textColour({ isDark }: Palette): string {
  return isDark ? '#f4f4f5' : '#18181b';
}

/** @param left - share of the whole left side; so with `right` */
export function diffColour(left: number, right: number, { isDark, diff }: Palette): string {
  const change = left + right === 0 ? 0 : (right - left) / Math.max(left, right);
  const strength = Math.min(1, Math.abs(change));
  const base = isDark ? 30 : 86;
  const lightness = base + (isDark ? 4 : -22) * strength;
  const [less, more] = diff === 'blue-orange' ? [215, 28] : [135, 0];
  return `hsl(${change >= 0 ? more : less} ${Math.round(80 * strength)}% ${lightness.toFixed(0)}%)`;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
