/** Users who look at dashboards: all panels of a service at once, then the user thinks, then the next service. */
import type { SeededRandom } from '@flamelake/testkit';
import type { Asker } from '../kill/asking.ts';
import { addOutcome, type Outcomes, post } from '../kill/http.ts';
import { type Asked, mustCount } from '../kill/judge-answer.ts';
import type { Ledger } from '../kill/ledger.ts';
import { PANELS } from './panels.ts';

export interface UsersOptions {
  readonly count: number;
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  /** Judges flame graphs. */
  readonly asker: Asker;
  readonly urls: readonly string[];
  /** When the first profile was sent, ms since 1970. */
  readonly beginMs: number;
  readonly onViolation: (words: string) => void;
  readonly timeoutMs: number;
}

export interface Users {
  /** Panels other than flame graphs, by what came of them. */
  readonly outcomes: Outcomes;
  /** Times of answers by panel, ms. */
  readonly timesMs: ReadonlyMap<string, readonly number[]>;
  /** Looks at dashboards of which it was known that something is there. */
  readonly demanding: number;
  /** Resolves when all have their answers. */
  stop(): Promise<void>;
}

/** Panels of one look at a dashboard. */
const PANELS_AT_ONCE = 3;
/** Least and most; each user also begins within the first of them. */
const THINK_MS = [8_000, 16_000] as const;
/** Ranges of whole seconds, so that users of one service ask the same things. */
const ROUND_MS = 1_000;

export function startUsers(options: UsersOptions): Users {
  const { count, ledger, random, asker, urls, beginMs, onViolation, timeoutMs } = options;
  const outcomes = new Map<string, number>();
  const timesMs = new Map<string, number[]>([['flame graph', []], ...Object.keys(PANELS).map(timesOf)]);
  const names = [...timesMs.keys()];
  const pickService = zipf(ledger.services, random.fork('services'));
  const over = new AbortController();
  let demanding = 0;

  const look = async (url: string, name: string, asked: Asked): Promise<void> => {
    const startMs = performance.now();
    if (name === 'flame graph') await asker.ask(url, { ...asked, withToken: false });
    else await lookAside(url, name, asked);
    timesMs.get(name)?.push(performance.now() - startMs);
  };
  const lookAside = async (url: string, name: string, asked: Asked): Promise<void> => {
    const panel = PANELS[name];
    const answer = await post(url, `querier.v1.QuerierService/${panel.method}`, panel.message(asked), { timeoutMs });
    addOutcome(outcomes, answer);
    if (answer?.status !== 200) {
      onViolation(`${name} was answered with ${answer?.status ?? 'nothing'} ${answer?.body.slice(0, 300) ?? ''}`);
      return;
    }
    for (const words of panel.judge(asked, ledger, answer.body)) onViolation(`${name} from ${url}: ${words}`);
  };
  const refresh = async (own: SeededRandom): Promise<void> => {
    const nowMs = Math.ceil(Date.now() / ROUND_MS) * ROUND_MS;
    // The newest minute, or all there is.
    const startMs = own.chance(0.5) ? beginMs : Math.max(beginMs, nowMs - 60_000);
    const asked = { service: pickService(), startMs, endMs: nowMs, after: undefined, sentMs: performance.now() };
    if (ledger.of(asked.service).some((entry) => mustCount(asked, entry))) demanding++;
    const url = own.pick(urls);
    const panels = Array.from({ length: PANELS_AT_ONCE - 1 }, () => own.pick(names));
    await Promise.all(['flame graph', ...panels].map((name) => look(url, name, asked)));
  };
  const use = async (own: SeededRandom): Promise<void> => {
    await pause(own.fraction() * THINK_MS[0], over.signal);
    while (!over.signal.aborted) {
      await refresh(own);
      await pause(THINK_MS[0] + own.fraction() * (THINK_MS[1] - THINK_MS[0]), over.signal);
    }
  };
  const using = Promise.all(Array.from({ length: count }, (_, i) => use(random.fork(`user ${i}`))));
  return {
    outcomes,
    timesMs,
    get demanding() {
      return demanding;
    },
    async stop() {
      over.abort();
      await using;
    },
  };
}

const timesOf = (name: string): [string, number[]] => [name, []];

/** The first is asked about most, the n-th a n-th as often. */
function zipf(items: readonly string[], random: SeededRandom): () => string {
  const weights = items.map((_, i) => 1 / (i + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return () => {
    let left = random.fraction() * total;
    return items.find((_, i) => (left -= weights[i]) < 0) ?? items[0];
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
