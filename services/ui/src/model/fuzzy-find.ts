/** Options that have the letters of a text in their order, the tightest matches first; all of them for no text. */
export function fuzzyFind(
  options: readonly string[],
  text: string,
  words: (option: string) => string = (option) => option,
): readonly string[] {
  const wanted = text.toLowerCase().replaceAll(' ', '');
  return options
    .map((option) => ({ option, span: spanOf(words(option).toLowerCase(), wanted) }))
    .filter(({ span }) => span !== undefined)
    .sort((a, b) => (a.span ?? 0) - (b.span ?? 0))
    .map(({ option }) => option);
}

/** Letters from the first match to the last, begun where the text first occurs; undefined when a letter is missing. */
function spanOf(text: string, wanted: string): number | undefined {
  if (wanted === '') return 0;
  const whole = text.indexOf(wanted);
  if (whole >= 0) return wanted.length + whole / 1_000;
  const from = text.indexOf(wanted[0] ?? '');
  let at = from - 1;
  for (const letter of wanted) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return undefined;
  }
  return at - from + 1 + wanted.length;
}
