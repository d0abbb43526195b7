/** Sum of a size over datasets. Segment-writers ask for it after each record, merges after each dataset, of which there may be thousands. */
import type { DatasetState } from './dataset-state.ts';

export interface SizeSum {
  /** The dataset is about to change. */
  touch(state: DatasetState): void;
  /** Measures only what was touched since. */
  total(): number;
  clear(): void;
}

export function createSizeSum(sizeOf: (state: DatasetState) => number): SizeSum {
  const sizes = new Map<DatasetState, number>();
  const touched = new Set<DatasetState>();
  let sum = 0;
  return {
    touch: (state) => void touched.add(state),
    total() {
      for (const state of touched) {
        const size = sizeOf(state);
        sum += size - (sizes.get(state) ?? 0);
        sizes.set(state, size);
      }
      touched.clear();
      return sum;
    },
    clear() {
      sizes.clear();
      touched.clear();
      sum = 0;
    },
  };
}
