/** Colours of bars: one for a package, and text that can be read on each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barColour, diffColour, packageOf, textColour } from './colours.ts';

const PALETTE = { isDark: false, by: 'package', diff: 'blue-orange' } as const;

test('a package has one colour, a change its own', () => {
  assert.equal(barColour('net/http.(*conn).serve', PALETTE), barColour('net/http.Get', PALETTE));
  assert.deepEqual(['runtime.main', 'libc.so!0x1f', 'std::vec::push', 'a/b.c[int].d'].map(packageOf), [
    'runtime',
    'libc.so',
    'std::vec',
    'a/b',
  ]);
  assert.notEqual(diffColour(0.1, 0.5, PALETTE), diffColour(0.5, 0.1, PALETTE));
  assert.match(diffColour(0, 0, PALETTE), /^hsl\(/);
});

test('text on bars can be read, in every colour', () => {
  for (const isDark of [false, true]) {
    for (let i = 0; i < 400; i++) {
      const palette = { ...PALETTE, isDark };
      for (const colour of [barColour(`package${i}.f`, palette), diffColour(i / 400, 0.5, palette)]) {
        const ratio = contrast(luminance(colour), luminance(textColour(palette)));
        assert.ok(ratio >= 4.5, `${colour} ${ratio}`);
      }
    }
  }
});

/** WCAG 2: contrast of two relative luminances. */
function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const linear = (value: number): number => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r = 0, g = 0, b = 0] = channels(colour).map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function channels(colour: string): number[] {
  const hex = /^#(..)(..)(..)$/.exec(colour);
  if (hex !== null) return hex.slice(1).map((two) => Number.parseInt(two, 16) / 255);
  const [hue = 0, saturation = 0, lightness = 0] = (/^hsl\((\d+) (\d+)% (\d+)%\)$/.exec(colour) ?? [])
    .slice(1)
    .map(Number);
  const reach = (saturation / 100) * Math.min(lightness / 100, 1 - lightness / 100);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return lightness / 100 - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  });
}
