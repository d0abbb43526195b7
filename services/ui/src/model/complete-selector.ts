/** What a label selector can go on with at the cursor. */

export interface Completion {
  /** Label whose values fit; empty where a label's name does. */
  readonly label: string;
  /** What is there already. */
  readonly typed: string;
  /** Where that begins in the text. */
  readonly from: number;
}

const VALUE = /([\w.]+|"(?:[^"\\]|\\.)*")\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)$/;
const NAME = /(?:^|[{,])\s*([\w.]*)$/;

/** undefined where nothing can be offered. */
export function completionAt(text: string, cursor: number): Completion | undefined {
  const before = text.slice(0, cursor);
  const value = VALUE.exec(before);
  if (value !== null) {
    const [, label = '', typed = ''] = value;
    return { label: label.replaceAll('"', ''), typed, from: cursor - typed.length };
  }
  const name = NAME.exec(before);
  return name === null ? undefined : { label: '', typed: name[1] ?? '', from: cursor - (name[1] ?? '').length };
}

/** The text with what was picked in place of what was typed, and where the cursor is then. */
export function completed(text: string, cursor: number, { label, from }: Completion, picked: string) {
  const rest = text.slice(cursor);
  if (label !== '') {
    const value = `${picked.replace(/["\\]/g, '\\$&')}"`;
    return { text: text.slice(0, from) + value + rest.replace(/^"/, ''), cursor: from + value.length };
  }
  const opening = text.trim() === '' ? '{' : '';
  const name = `${opening}${/^[a-zA-Z_]\w*$/.test(picked) ? picked : JSON.stringify(picked)}="`;
  return { text: text.slice(0, from) + name + rest, cursor: from + name.length };
}
