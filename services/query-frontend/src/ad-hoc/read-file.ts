/** Uploaded files as trees of function names, one for each profile type in them. */
import {
  type DecodeFileOptions,
  decodeFile,
  formatOfName,
  guessFormat,
  inflate,
  type NamedProfile,
  normalizeProfile,
} from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { type FunctionTree, mergeFunctionTree, profileFunctionTree } from '@flamelake/query';
import { isFlamebearer, readFlamebearer } from './read-flamebearer.ts';

/** One type of profile in a file. */
export interface FileProfile {
  /** Sample type; with the profile's name in front where the file has several of that sample type. */
  readonly type: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly tree: FunctionTree;
}

/** What a file holds, in its order. */
export interface ProfileFile {
  readonly profiles: readonly FileProfile[];
  /** Type that is drawn when none is asked for. */
  readonly defaultType: string;
}

/** Largest file, uncompressed, 64 MiB. */
export const INFLATED_BYTES_MAX = 67_108_864;
/** Text says nothing of a rate, so its values stay what they are: counts. Recordings are sampled at 100 Hz unless agents are told. */
const READING: DecodeFileOptions = { kind: 'cpu', sampleRate: 0, recordingRate: 100 };
/** What a recording of several is mostly looked at for. */
const TYPES_FIRST = ['cpu', 'wall'];

/**
 * @param name - of the file; what it ends in counts where the bytes do not say what they are
 * @param bytes - as uploaded, gzipped or not
 * @throws {FlamelakeError} `invalid_argument` when it is of no known format, damaged, too large, or holds no profile
 */
export function readProfileFile(name: string, bytes: Uint8Array): ProfileFile {
  const content = inflated(bytes);
  const text = isFlamebearer(content);
  if (text !== undefined) return readFlamebearer(text);
  const format = guessFormat(content) ?? formatOfName(name);
  if (format === undefined) {
    throw new FlamelakeError('invalid_argument', 'file is no profile of a format that is known', {
      name,
      known: 'pprof, jfr, folded text, speedscope, perf script, flamebearer JSON, trie, tree',
    });
  }
  const decoded = decodeFile(content, format, READING);
  const all = decoded.flatMap(typesOf);
  const profiles = withTypes(mergeEqual(all));
  const [first] = profiles;
  if (first === undefined) throw new FlamelakeError('invalid_argument', 'file holds no profile', { name, format });
  if (format === 'pprof') return { profiles, defaultType: pprofDefault(profiles, decoded) };
  const wanted = TYPES_FIRST.find((type) => profiles.some((one) => one.type === type));
  return { profiles, defaultType: wanted ?? first.type };
}

function inflated(bytes: Uint8Array): Uint8Array {
  try {
    return inflate(bytes, { bytesMax: INFLATED_BYTES_MAX });
  } catch (cause) {
    if (!(cause instanceof FlamelakeError && cause.code === 'out_of_range')) throw cause;
    throw new FlamelakeError('invalid_argument', 'file is too large when uncompressed', {
      limitBytes: INFLATED_BYTES_MAX,
    });
  }
}

interface NamedTree {
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly tree: FunctionTree;
}

function typesOf({ name, profile }: NamedProfile): readonly NamedTree[] {
  const normalized = normalizeProfile(profile);
  return normalized.sampleTypes.map(({ type, unit }, i) => ({
    name,
    sampleType: type,
    sampleUnit: unit,
    tree: profileFunctionTree(normalized, i),
  }));
}

/** Profiles of one name and type, such as those of several threads, are one. */
function mergeEqual(all: readonly NamedTree[]): readonly NamedTree[] {
  const merged = new Map<string, NamedTree>();
  for (const one of all) {
    const key = JSON.stringify([one.name, one.sampleType, one.sampleUnit]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, one);
    else mergeFunctionTree(known.tree, one.tree);
  }
  return [...merged.values()];
}

function withTypes(all: readonly NamedTree[]): readonly FileProfile[] {
  const count = (type: string) => all.filter(({ sampleType }) => sampleType === type).length;
  return all.map(({ name, sampleType, sampleUnit, tree }) => ({
    type: count(sampleType) === 1 ? sampleType : `${name}:${sampleType}:${sampleUnit}`,
    sampleType,
    sampleUnit,
    tree,
  }));
}

/** As pprof has it: the type the profile says, else the last. */
function pprofDefault(profiles: readonly FileProfile[], [decoded]: readonly NamedProfile[]): string {
  const said = profiles.find(({ sampleType }) => sampleType === decoded?.profile.defaultSampleType);
  return (said ?? profiles.at(-1))?.type ?? '';
}
