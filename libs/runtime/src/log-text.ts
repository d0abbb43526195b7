/** Log lines for people: `time level message key=value …`, nested fields joined by dots, a stack on lines of its own. */

interface Line extends Record<string, unknown> {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

/** Turns a JSON log line into text, newline included. */
export function textLine(jsonLine: string): string {
  const { time, level, message, ...fields } = JSON.parse(jsonLine) as Line;
  const stacks: string[] = [];
  const parts = [`${time} ${level.toUpperCase().padEnd(5)} ${message}`];
  writeFields('', fields, parts, stacks);
  return `${[parts.join(' '), ...stacks].join('\n')}\n`;
}

function writeFields(prefix: string, fields: object, parts: string[], stacks: string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (name === 'stack' && typeof value === 'string') stacks.push(value);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      writeFields(key, value, parts, stacks);
    } else parts.push(`${key}=${writeValue(value)}`);
  }
}

/** Quotes what would not read back as one word. */
function writeValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
}
