/** Which profiles a job takes: `enabled-profiles`, `profiles` and `use-delta-profiles`. */
import {
  eachOf,
  type Fields,
  fieldsOf,
  inside,
  malformed,
  type Place,
  scalarOf,
  switchOf,
  textOf,
  textsOf,
} from './config-fields.ts';
import { PROFILE_KINDS } from './profile-kinds.ts';
import type { ProfileSettings } from './scrape-config.ts';

const CPU_SECONDS = 10;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Those that are not enabled are among them: a label of a target may enable them. */
export function readProfiles(job: Fields, place: Place, intervalMs: number): ProfileSettings[] {
  const own = fieldsOf(job.profiles, undefined, inside(place, 'profiles'));
  const kinds = [...new Set([...Object.keys(PROFILE_KINDS), ...Object.keys(own)])];
  const enabled = eachOf(job, 'enabled-profiles', place, (value, at) => {
    const kind = scalarOf(value, at);
    if (kinds.includes(kind)) return kind;
    throw malformed(at, `one of ${kinds.join(', ')}, or a name with a path under profiles`);
  });
  const usesDeltas = switchOf(job, 'use-delta-profiles', place, false);
  return kinds.map((kind) => {
    const at = inside(inside(place, 'profiles'), kind);
    const profile = readProfile(own[kind], kind, at, usesDeltas);
    const seconds = Math.max(1, Math.min(CPU_SECONDS, Math.floor(intervalMs / 1_000)));
    const params = kind === 'cpu' ? { seconds: String(seconds), ...profile.params } : profile.params;
    return { ...profile, params, isEnabled: enabled.includes(kind) };
  });
}

function readProfile(
  value: unknown,
  kind: string,
  place: Place,
  usesDeltas: boolean,
): Omit<ProfileSettings, 'isEnabled'> {
  const fields = fieldsOf(value, ['path', 'params', 'all-sample-types', 'sample-types'], place);
  const known = Object.hasOwn(PROFILE_KINDS, kind) ? PROFILE_KINDS[kind] : undefined;
  const isDelta = usesDeltas && known?.deltaPath !== undefined;
  const path = textOf(fields, 'path', place, (isDelta ? known.deltaPath : known?.path) ?? '');
  if (!path.startsWith('/')) throw malformed(inside(place, 'path'), 'a path that begins with /');
  if (!NAME.test(kind)) throw malformed(place, 'a name of letters, digits and _');
  const params = readParams(fields.params, inside(place, 'params'));
  // A target that is asked for so many seconds answers with the change in them.
  const isChange = isDelta || params.seconds !== undefined;
  const cumulative = cumulativeTypes(fields, place) ?? known?.cumulative ?? [];
  const name = known?.profileName ?? kind;
  return {
    kind,
    profileName: isDelta ? `godeltaprof_${name}` : name,
    path,
    params,
    cumulative: isChange ? [] : cumulative,
  };
}

/** One value, or a list of one, by name. */
function readParams(value: unknown, place: Place): Record<string, string> {
  const fields = fieldsOf(value, undefined, place);
  return textsOf(
    Object.fromEntries(
      Object.entries(fields).map(([name, one]) => {
        if (!Array.isArray(one)) return [name, one];
        if (one.length !== 1) throw malformed(inside(place, name), 'one value');
        return [name, one[0] as unknown];
      }),
    ),
    place,
  );
}

/** Names and units of sample types are those of the profile; whether they are cumulative it cannot say. */
function cumulativeTypes(fields: Fields, place: Place): readonly string[] | undefined {
  switchOf(fields, 'all-sample-types', place, true);
  if (fields['sample-types'] === undefined) return undefined;
  const at = inside(place, 'sample-types');
  const types = Object.entries(fieldsOf(fields['sample-types'], undefined, at));
  return types
    .filter(([name, value]) => {
      const keys = ['units', 'display-name', 'aggregation', 'cumulative', 'sampled'];
      return switchOf(fieldsOf(value, keys, inside(at, name)), 'cumulative', inside(at, name), false);
    })
    .map(([name]) => name);
}
