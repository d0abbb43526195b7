/** Known faults of old client libraries, mended on `/ingest` by the `spyName` they send. */
import type { NormalizeOptions, Pprof } from '@flamelake/formats';

const DOTNET = 'dotnetspy';

/** Whether the client's profiles have functions without ids. */
export function hasFunctionsWithoutIds(spyName: string): boolean {
  return spyName === DOTNET;
}

/** Which function names get their file's in front: the interpreters' alone say too little. */
export function filenamesInNames(spyName: string): NormalizeOptions['filenamesInNames'] {
  if (spyName === 'pyspy') return 'relative';
  return spyName === 'rbspy' || spyName === 'scripting' ? 'all' : 'none';
}

/** Sample types without the hyphens that no profile type may have. */
export function mendSampleTypes(profile: Pprof, spyName: string): Pprof {
  if (spyName !== DOTNET) return profile;
  const sampleTypes = profile.sampleTypes.map(({ type, unit }) => ({ type: type.replaceAll('-', '_'), unit }));
  return { ...profile, sampleTypes };
}
