/** New numbers, from 0, for the entries of a table in the order of their first use: begun anew for each profile at no cost. */
export class Renumbering {
  readonly #number: Uint32Array;
  #base = 1;
  count = 0;

  /** @param size - entries of the table */
  constructor(size: number) {
    this.#number = new Uint32Array(size);
  }

  /** Forgets all numbers. */
  begin(): void {
    this.#base += this.count;
    this.count = 0;
  }

  /** Number of an entry; -1 when it has none. */
  known(entry: number): number {
    const number = this.#number[entry];
    return number >= this.#base ? number - this.#base : -1;
  }

  /** Gives an entry the next number. */
  add(entry: number): number {
    this.#number[entry] = this.#base + this.count;
    return this.count++;
  }
}
