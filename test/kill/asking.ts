/** Questions whose answers are judged as they come, and clients that ask them at a steady rate. */
import type { NamedPartition } from '@flamelake/catalog';
import type { SeededRandom } from '@flamelake/testkit';
import { SMALL_TYPE } from '../e2e/small-profile.ts';
import { addOutcome, mayRetry, type Outcomes, post } from './http.ts';
import { type Asked, judgeAnswer } from './judge-answer.ts';
import type { Ledger } from './ledger.ts';

export interface AskerOptions {
  readonly ledger: Ledger;
  readonly onViolation: (words: string) => void;
  /** When a client gives a request up. */
  readonly timeoutMs?: number;
  /** Opens the names of snapshots, so that answers are held to the deletes and pins in them. */
  readonly openName?: (name: string) => readonly NamedPartition[];
}

export interface AskingOptions extends AskerOptions {
  readonly random: SeededRandom;
  readonly ratePerSecond: number;
  /** The query-frontends there are now. */
  readonly urls: () => readonly string[];
}

export interface Asker {
  /** Asks once, and judges; undefined when there was no answer. */
  ask(url: string, question: Question): Promise<ReadonlyMap<string, bigint> | undefined>;
  /** Questions so far, by what came of them. */
  readonly outcomes: Outcomes;
  /** By query-frontend, what its last answer came from, where names are opened. */
  readonly snapshots: ReadonlyMap<string, readonly NamedPartition[]>;
}

export interface Asking extends Asker {
  stop(): Promise<void>;
}

export interface Question {
  readonly service: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Whether it asks for what was acknowledged before it. */
  readonly withToken: boolean;
  readonly form?: 'flamegraph' | 'pprof';
}

const TIMEOUT_MS = 15_000;
const AHEAD_MS = 60_000;
/** More than there are functions. */
export const NODES_MAX = 1_000_000;

export function createAsker({ ledger, onViolation, timeoutMs = TIMEOUT_MS, openName }: AskerOptions): Asker {
  const outcomes = new Map<string, number>();
  const snapshots = new Map<string, readonly NamedPartition[]>();
  const ask = async (url: string, question: Question): Promise<ReadonlyMap<string, bigint> | undefined> => {
    const { service, startMs, endMs, withToken, form = 'flamegraph' } = question;
    const after = withToken ? ledger.newest(service) : undefined;
    const asked: Asked = { service, startMs, endMs, after, sentMs: performance.now() };
    const message = {
      start: startMs,
      end: endMs,
      profileTypeID: SMALL_TYPE,
      labelSelector: `{service_name="${service}"}`,
      ...(form === 'flamegraph' ? { maxNodes: NODES_MAX } : {}),
    };
    const method = form === 'flamegraph' ? 'SelectMergeStacktraces' : 'SelectMergeProfile';
    const surelyBeforeMs = ledger.expireBefore(service, Date.now());
    const waiting = { tenant: ledger.tenantOf(service), token: after?.token, timeoutMs };
    const answer = await post(url, `querier.v1.QuerierService/${method}`, message, waiting);
    addOutcome(outcomes, answer);
    if (answer?.status !== 200) {
      if (answer !== undefined && !mayRetry(answer.status)) {
        onViolation(`${method} was answered with ${answer.status} ${answer.body.slice(0, 300)}`);
      }
      return undefined;
    }
    const counted = form === 'flamegraph' ? countFlamegraph(answer.body) : countPprof(answer.body);
    const entries = ledger.of(service);
    const expired = { surelyBeforeMs, perhapsBeforeMs: ledger.expireBefore(service, Date.now()) };
    const snapshot = openName?.(answer.snapshot);
    if (snapshot !== undefined) snapshots.set(url, snapshot);
    const answered = { expired, ...(snapshot !== undefined && { snapshot }) };
    for (const words of judgeAnswer(asked, entries, counted, answered)) onViolation(`${form} from ${url}: ${words}`);
    const nowMs = performance.now();
    for (const entry of entries) if (counted.has(entry.id)) entry.seenMs ??= nowMs;
    return counted;
  };
  return { ask, outcomes, snapshots };
}

export function startAsking(options: AskingOptions): Asking {
  const { ledger, random, ratePerSecond, urls } = options;
  const asker = createAsker(options);
  const beginMs = Date.now() - 1_000;
  const underWay = new Set<Promise<unknown>>();
  let isOver = false;

  const randomQuestion = (): Question => {
    const nowMs = Date.now();
    const isWhole = random.chance(0.5);
    const moment = () => beginMs + Math.floor(random.fraction() * (nowMs - beginMs));
    const [a, b] = [moment(), moment()];
    return {
      service: random.pick(ledger.services),
      startMs: isWhole ? beginMs : Math.min(a, b),
      endMs: isWhole ? nowMs + AHEAD_MS : Math.max(a, b),
      withToken: random.chance(0.6),
      form: random.chance(0.2) ? 'pprof' : 'flamegraph',
    };
  };
  const run = async () => {
    const startMs = performance.now();
    for (let i = 0; !isOver; i++) {
      await sleep(startMs + (i * 1_000) / ratePerSecond - performance.now());
      const found = urls();
      if (isOver || found.length === 0) continue;
      const work = asker.ask(random.pick(found), randomQuestion());
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    }
  };
  const running = run();
  return {
    ...asker,
    async stop() {
      isOver = true;
      await running;
      await Promise.all(underWay);
    },
  };
}

/** Value of every function below `main`. */
function countFlamegraph(body: string): ReadonlyMap<string, bigint> {
  interface Wire {
    readonly flamegraph?: { readonly names?: string[]; readonly levels?: { readonly values?: string[] }[] };
  }
  const { flamegraph = {} } = JSON.parse(body) as Wire;
  const values = flamegraph.levels?.[2]?.values ?? [];
  const counted = new Map<string, bigint>();
  for (let i = 0; i + 3 < values.length; i += 4) {
    const name = flamegraph.names?.[Number(values[i + 3])] ?? '';
    counted.set(name, (counted.get(name) ?? 0n) + BigInt(values[i + 1]));
  }
  return counted;
}

/** As `countFlamegraph`, from the samples: leaves first, `main` last. */
function countPprof(body: string): ReadonlyMap<string, bigint> {
  interface Wire {
    readonly sample?: readonly { readonly locationId?: readonly string[]; readonly value?: readonly string[] }[];
    readonly location?: readonly { readonly id: string; readonly line?: readonly { readonly functionId: string }[] }[];
    readonly function?: readonly { readonly id: string; readonly name: string }[];
    readonly stringTable?: readonly string[];
  }
  const pprof = JSON.parse(body) as Wire;
  const functionNames = new Map(pprof.function?.map(({ id, name }) => [id, pprof.stringTable?.[Number(name)] ?? '']));
  const names = new Map(pprof.location?.map(({ id, line }) => [id, functionNames.get(line?.[0]?.functionId ?? '')]));
  const counted = new Map<string, bigint>();
  for (const { locationId = [], value = [] } of pprof.sample ?? []) {
    const name = names.get(locationId.at(-2) ?? '') ?? '';
    counted.set(name, (counted.get(name) ?? 0n) + BigInt(value[0] ?? 0));
  }
  return counted;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
