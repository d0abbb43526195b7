/** Panels of a dashboard beside its flame graph: what each asks, and which of its answers can be right. */
import { SMALL_TYPE } from '../e2e/small-profile.ts';
import { NODES_MAX } from '../kill/asking.ts';
import { type Asked, judgeAnswer, mustCount } from '../kill/judge-answer.ts';
import type { Entry, Ledger } from '../kill/ledger.ts';

export interface Panel {
  readonly method: string;
  message(asked: Asked): object;
  /** @returns what is wrong with the body of an answer, in words */
  judge(asked: Asked, ledger: Ledger, body: string): readonly string[];
}

type Labels = readonly { readonly name: string; readonly value: string }[];

const STEP_MS = 5_000;
/** Of each series. */
const LABEL_NAMES = [
  '__name__',
  '__period_type__',
  '__period_unit__',
  '__profile_type__',
  '__service_name__',
  '__type__',
  '__unit__',
  'pod',
  'service_name',
];

export const PANELS: Readonly<Record<string, Panel>> = {
  'time series': {
    method: 'SelectSeries',
    message: bySteps,
    judge(asked, ledger, body) {
      interface Wire {
        readonly series?: readonly { readonly labels: Labels; readonly points: readonly Point[] }[];
      }
      interface Point {
        readonly timestamp: string;
        readonly value?: number;
      }
      const sums = new Map<string, number>();
      for (const { labels, points } of (JSON.parse(body) as Wire).series ?? []) {
        for (const { timestamp, value = 0 } of points) sums.set(`${podOf(labels)} until ${timestamp}`, value);
      }
      return judgeSteps(asked, ledger, sums, ({ value }) => value);
    },
  },
  'heat map': {
    method: 'SelectHeatmap',
    message: (asked) => ({ ...bySteps(asked), queryType: 'HEATMAP_QUERY_TYPE_INDIVIDUAL' }),
    judge(asked, ledger, body) {
      interface Wire {
        readonly series?: readonly { readonly labels: Labels; readonly slots: readonly Slot[] }[];
      }
      interface Slot {
        readonly timestamp: string;
        readonly counts: readonly number[];
      }
      const points = new Map<string, number>();
      for (const { labels, slots } of (JSON.parse(body) as Wire).series ?? []) {
        for (const { timestamp, counts } of slots) {
          points.set(
            `${podOf(labels)} until ${timestamp}`,
            counts.reduce((sum, count) => sum + count, 0),
          );
        }
      }
      return judgeSteps(asked, ledger, points, () => 1);
    },
  },
  diff: {
    method: 'Diff',
    message: (asked) => ({ left: merge(halves(asked)[0]), right: merge(halves(asked)[1]) }),
    judge(asked, ledger, body) {
      interface Wire {
        readonly flamegraph?: {
          readonly names?: string[];
          readonly levels?: readonly { readonly values?: string[] }[];
        };
      }
      const { names = [], levels = [] } = (JSON.parse(body) as Wire).flamegraph ?? {};
      const values = levels[2]?.values ?? [];
      // Seven values a bar: offset, total and self of the left, then of the right, then the name.
      return halves(asked).flatMap((half, side) => {
        const counted = new Map<string, bigint>();
        for (let i = 0; i + 6 < values.length; i += 7) {
          const total = BigInt(values[i + 1 + 3 * side]);
          if (total > 0n) counted.set(names[Number(values[i + 6])] ?? '', total);
        }
        return judgeAnswer(half, ledger.of(asked.service), counted);
      });
    },
  },
  'label names': {
    method: 'LabelNames',
    message: (asked) => ({ ...rangeOf(asked), matchers: [selector(asked)] }),
    judge(asked, ledger, body) {
      const may = ledger.of(asked.service).length > 0 ? LABEL_NAMES : [];
      const must = ledger.of(asked.service).some((entry) => mustCount(asked, entry)) ? LABEL_NAMES : [];
      return judgeSet(`label names of ${asked.service}`, namesIn(body), must, may);
    },
  },
  'label values': {
    method: 'LabelValues',
    message: (asked) => ({ ...rangeOf(asked), matchers: [selector(asked)], name: 'pod' }),
    judge(asked, ledger, body) {
      const entries = ledger.of(asked.service).filter(({ isSound }) => isSound);
      const must = entries.filter((entry) => mustCount(asked, entry)).map(({ pod }) => pod);
      const may = entries.map(({ pod }) => pod);
      return judgeSet(`pods of ${asked.service}`, namesIn(body), must, may);
    },
  },
  services: {
    method: 'LabelValues',
    message: (asked) => ({ ...rangeOf(asked), matchers: [], name: 'service_name' }),
    judge(asked, ledger, body) {
      const must = ledger.services.filter((service) => ledger.of(service).some((entry) => mustCount(asked, entry)));
      return judgeSet('services', namesIn(body), must, ledger.services);
    },
  },
  'profile types': {
    method: 'ProfileTypes',
    message: rangeOf,
    judge(asked, ledger, body) {
      const { profileTypes = [] } = JSON.parse(body) as { readonly profileTypes?: readonly { readonly ID: string }[] };
      const must = ledger.of(asked.service).some((entry) => mustCount(asked, entry)) ? [SMALL_TYPE] : [];
      const got = profileTypes.map(({ ID }) => ID);
      return judgeSet('profile types', got, must, [SMALL_TYPE]);
    },
  },
};

function rangeOf({ startMs, endMs }: Asked): object {
  return { start: startMs, end: endMs };
}

function selector({ service }: Asked): string {
  return `{service_name="${service}"}`;
}

function podOf(labels: Labels): string {
  return labels.find(({ name }) => name === 'pod')?.value ?? '';
}

function namesIn(body: string): readonly string[] {
  return (JSON.parse(body) as { readonly names?: readonly string[] }).names ?? [];
}

function selection(asked: Asked): object {
  return { ...rangeOf(asked), profileTypeID: SMALL_TYPE, labelSelector: selector(asked) };
}

function merge(asked: Asked): object {
  return { ...selection(asked), maxNodes: NODES_MAX };
}

function bySteps(asked: Asked): object {
  return { ...selection(asked), step: STEP_MS / 1_000, groupBy: ['pod'] };
}

function halves(asked: Asked): readonly [Asked, Asked] {
  const middleMs = Math.floor((asked.startMs + asked.endMs) / 2);
  return [
    { ...asked, endMs: middleMs },
    { ...asked, startMs: middleMs + 1 },
  ];
}

/**
 * The first point, at the start of the range, is of the step before it.
 * @param got - by pod and right edge of a step
 */
function judgeSteps(
  asked: Asked,
  ledger: Ledger,
  got: ReadonlyMap<string, number>,
  valueOf: (entry: Entry) => number,
): readonly string[] {
  const { service, startMs, endMs } = asked;
  const read = { ...asked, startMs: startMs - STEP_MS };
  const least = new Map<string, number>();
  const most = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, value: number) => to.set(key, (to.get(key) ?? 0) + value);
  for (const entry of ledger.of(service)) {
    if (!entry.isSound || entry.timeMs < read.startMs || entry.timeMs > endMs) continue;
    const step = Math.max(0, Math.ceil((entry.timeMs - startMs) / STEP_MS));
    const untilMs = Math.min(endMs, startMs + step * STEP_MS);
    const key = `${entry.pod} until ${untilMs}`;
    add(most, key, valueOf(entry));
    if (mustCount(read, entry)) add(least, key, valueOf(entry));
  }
  return [...new Set([...got.keys(), ...most.keys()])].flatMap((key) => {
    const [value, from, to] = [got.get(key) ?? 0, least.get(key) ?? 0, most.get(key) ?? 0];
    return value >= from && value <= to ? [] : [`${service} ${key}: counted ${value}, not ${from} to ${to}`];
  });
}

function judgeSet(
  what: string,
  got: readonly string[],
  must: readonly string[],
  may: readonly string[],
): readonly string[] {
  const [has, allowed] = [new Set(got), new Set(may)];
  const missing = [...new Set(must)].filter((one) => !has.has(one));
  const strange = got.filter((one) => !allowed.has(one));
  if (missing.length === 0 && strange.length === 0 && has.size === got.length) return [];
  return [`${what} ${got.join(' ')}: missing ${missing.join(' ')}, never sent ${strange.join(' ')}`];
}
