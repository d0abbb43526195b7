/** Where an axis of values has its marks: at zero, and at round multiples of what reads as 1 there. */

export interface AxisUnit {
  /** Value that reads as 1 of the unit. */
  readonly one: number;
  /** 2 where units go by 1,024. */
  readonly base: 2 | 10;
}

/** Steps between marks, of a power of the base. */
const STEPS: Readonly<Record<AxisUnit['base'], readonly number[]>> = {
  2: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
  10: [1, 2, 5, 10],
};

/** @param most - steps between marks there is room for; at zero alone when nothing is larger */
export function axisMarks(largest: number, { one, base }: AxisUnit, most: number): number[] {
  if (!(largest > 0)) return [0];
  const wanted = largest / one / Math.max(1, most);
  const power = base === 2 ? 1_024 ** Math.floor(Math.log2(wanted) / 10) : 10 ** Math.floor(Math.log10(wanted));
  const step = (STEPS[base].find((each) => each * power >= wanted) ?? base) * power * one;
  const marks: number[] = [];
  for (let i = 0; i * step <= largest; i++) marks.push(i * step);
  return marks;
}
