/** Maps values side by side, so many at a time; results are in their order. */
export async function inParallel<Value, Result>(
  values: readonly Value[],
  parallelMax: number,
  map: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < values.length; start += parallelMax) {
    results.push(...(await Promise.all(values.slice(start, start + parallelMax).map(map))));
  }
  return results;
}
