/**
 * What 40 services of 3 tenants push in a week: each runs one program of the corpus and sends its kinds of profile in turn, with another
 * part of the samples and other values each time. Every day or two a service is deployed anew, with 5 % of its functions changed.
 */
import { dirname } from 'node:path';
import { decodePprof, encodePprof, type Pprof, stringAt } from '@flamelake/formats';
import type { Label } from '@flamelake/model';
import { type SeededRandom, stringColumn } from '@flamelake/testkit';
import { nextPush } from '../pushes.ts';
import { readSet, type SetFile } from '../sets.ts';

export interface WeekService {
  readonly tenant: string;
  readonly name: string;
  /** Its profiles are of CPU time alone. */
  readonly isCpu: boolean;
  /** The next profile, of this moment, and its labels. */
  next(timeMs: number): { readonly labels: readonly Label[]; readonly pprof: Uint8Array };
}

/** Every fourth service sends CPU profiles alone. */
const CPU_EVERY = 4;
const TENANTS = ['acme', 'bolt', 'crane'];
const PODS = 5;
const CHANGED_SHARE = 0.05;
const DAY_MS = 86_400_000;

export function createWeekServices(count: number, random: SeededRandom, startMs: number): readonly WeekService[] {
  const programs = [programsOf(readSet('mixed')), programsOf(readSet('cpu'))];
  return Array.from({ length: count }, (_, i) => {
    const name = `service-${i}`;
    const isCpu = isCpuService(name);
    const own = programs[isCpu ? 1 : 0];
    const files = own[Math.floor(i / 2) % own.length];
    const tenant = TENANTS[i % TENANTS.length];
    return createService({ tenant, name, isCpu }, files, random.fork(`service ${i}`), startMs);
  });
}

/** Whether a service sends CPU profiles alone. */
export function isCpuService(name: string): boolean {
  return Number(name.slice(name.indexOf('-') + 1)) % CPU_EVERY === 0;
}

/** The profiles of each program: those of one folder of the corpus. */
function programsOf(files: readonly SetFile[]): readonly (readonly Pprof[])[] {
  const programs = new Map<string, Pprof[]>();
  for (const { path, pprof } of files) {
    const decoded = decodePprof(pprof);
    // Some tell how many samples were lost, or nothing at all.
    if (decoded.sampleCount === 0 || decoded.values.every((value) => value <= 0n)) continue;
    const folder = dirname(path);
    const own = programs.get(folder);
    if (own === undefined) programs.set(folder, [decoded]);
    else own.push(decoded);
  }
  return [...programs.values()];
}

function createService(
  name: Pick<WeekService, 'tenant' | 'name' | 'isCpu'>,
  files: readonly Pprof[],
  random: SeededRandom,
  startMs: number,
): WeekService {
  let deployed = files;
  let version = 1;
  let pushes = 0;
  const periodMs = DAY_MS * (1 + random.fraction());
  let deployMs = startMs + periodMs * random.fraction();
  return {
    ...name,
    next(timeMs) {
      if (timeMs >= deployMs) {
        deployMs += periodMs;
        version++;
        deployed = deployed.map((pprof) => changeFunctions(pprof, version, random));
      }
      const number = pushes++;
      const file = deployed[number % deployed.length];
      const labels: Label[] = [
        { name: '__name__', value: nameOf(file) },
        { name: 'pod', value: `${name.name}-${Math.floor(number / deployed.length) % PODS}` },
        { name: 'service_name', value: name.name },
        { name: 'version', value: `v${version}` },
      ];
      return { labels, pprof: encodePprof({ ...nextPush(file, random), timeNanos: BigInt(timeMs) * 1_000_000n }) };
    },
  };
}

function nameOf({ sampleTypes }: Pprof): string {
  const types = sampleTypes.map(({ type }) => type);
  if (types.includes('cpu')) return 'process_cpu';
  return types.some((type) => type.startsWith('alloc') || type.startsWith('inuse')) ? 'memory' : types[0];
}

/** The same program with other names and lines for some of its functions. */
function changeFunctions(pprof: Pprof, version: number, random: SeededRandom): Pprof {
  const { strings, functions } = pprof.symbols;
  const changed = Array.from({ length: functions.count }, () => random.chance(CHANGED_SHARE));
  const texts = Array.from({ length: strings.count }, (_, i) => stringAt(strings, i));
  const name = functions.name.map((own, i) => {
    if (changed[i]) texts.push(`${texts[own].replace(/\.v\d+$/, '')}.v${version}`);
    return changed[i] ? texts.length - 1 : own;
  });
  const startLine = functions.startLine.map((line, i) => (changed[i] ? line + version : line));
  return {
    ...pprof,
    symbols: { ...pprof.symbols, strings: stringColumn(texts), functions: { ...functions, name, startLine } },
  };
}
