/** `flamelake query top|flamegraph|folded|json|series|pprof`: asks a server and prints for people, or pprof for tools. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { FlamelakeError } from '@flamelake/model';
import { type ConnectClient, createConnectClient } from '../client/connect-client.ts';
import { type Frame, flamegraphTree, percent, topFunctions, type WireFlamegraph } from '../client/flamegraph-tree.ts';
import { encodeMergeProfileRequest } from '../client/merge-profile-request.ts';
import { readTime } from '../client/read-time.ts';
import { writeOutput } from '../client/write-output.ts';
import { QUERY_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import type { OptionValues } from '../options/option.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command, CommandContext } from './command.ts';
import { textTable } from './text-table.ts';

type QueryOptions = OptionValues<typeof QUERY_OPTIONS>;

interface Question {
  readonly client: ConnectClient;
  readonly options: QueryOptions;
  readonly context: CommandContext;
  /** Type, selector and range as every query RPC takes them. */
  readonly message: { profileTypeID: string; labelSelector: string; start: string; end: string };
}

/** Types or services named when an answer is empty. */
const NAMES_SHOWN_MAX = 20;

const KINDS: Readonly<Record<string, (question: Question) => Promise<void>>> = {
  top: printTop,
  flamegraph: printFlamegraph,
  folded: printFolded,
  json: printJson,
  series: printSeries,
  pprof: printPprof,
};

export const queryCommand: Command = {
  help: `flamelake query ${Object.keys(KINDS).join('|')} [flags]\n\n${helpText(QUERY_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(QUERY_OPTIONS, { words: context.words, environment: {}, readFile });
    const print = KINDS[rest[0] ?? ''];
    if (print === undefined || rest.length > 1) {
      throw new FlamelakeError('invalid_argument', 'query needs one kind', {
        kinds: Object.keys(KINDS).join(', '),
        got: rest.join(' '),
      });
    }
    const nowMs = context.clock.nowMs();
    const message = {
      profileTypeID: values.type,
      labelSelector: values.selector,
      start: String(readTime('from', values.from, nowMs)),
      end: String(readTime('until', values.until, nowMs)),
    };
    const client = createConnectClient(values.url, values.tenant, '', values['as-of']);
    await print({ client, options: values, context, message });
    return 0;
  },
};

async function askFlamegraph({ client, message, options }: Question): Promise<Frame> {
  const answer = await client.call<{ flamegraph?: WireFlamegraph }>(
    'querier.v1.QuerierService/SelectMergeStacktraces',
    {
      ...message,
      maxNodes: options['max-nodes'],
    },
  );
  return flamegraphTree(answer.flamegraph ?? {});
}

async function printTop(question: Question): Promise<void> {
  const root = await askFlamegraph(question);
  if (root.total === 0n) await explainEmpty(question);
  const rows = topFunctions(root)
    .slice(0, question.options.rows)
    .map(({ name, self, total }) => [
      name,
      String(self),
      percent(self, root.total),
      String(total),
      percent(total, root.total),
    ]);
  question.context.print(textTable(['function', 'self', '', 'total', ''], rows));
  question.context.print(`${question.options.type}: total ${root.total}\n`);
}

/** An empty answer has a reason more often than not: says on the side what is there to ask for. */
async function explainEmpty({ client, message, context }: Question): Promise<void> {
  const values = async (name: string, matchers: readonly string[]): Promise<string> => {
    const range = { start: message.start, end: message.end };
    const answer = await client.call<{ names?: string[] }>('querier.v1.QuerierService/LabelValues', {
      ...range,
      name,
      matchers,
    });
    return (answer.names ?? []).slice(0, NAMES_SHOWN_MAX).join(', ');
  };
  const types = await values('__profile_type__', [message.labelSelector]);
  const services = types === '' ? await values('service_name', []) : '';
  const told =
    types !== ''
      ? `the selector matches --type=${types}`
      : `the selector matches nothing in this range; services in it: ${services || 'none'}`;
  context.progress(`no sample of type ${message.profileTypeID}; ${told}`);
}

/** One line a stack: names from the root joined by `;`, and its own value. */
async function printFolded(question: Question): Promise<void> {
  const root = await askFlamegraph(question);
  if (root.total === 0n) await explainEmpty(question);
  const pending = root.children.map((frame) => ({ frame, path: frame.name }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { frame, path } = next;
    if (frame.self > 0n) question.context.print(`${path} ${frame.self}\n`);
    for (const child of frame.children) pending.push({ frame: child, path: `${path};${child.name}` });
  }
}

/** The answer as it came, for scripts. */
async function printJson({ client, message, options, context }: Question): Promise<void> {
  const asked = { ...message, maxNodes: options['max-nodes'] };
  const answer = await client.call<object>('querier.v1.QuerierService/SelectMergeStacktraces', asked);
  context.print(`${JSON.stringify(answer)}\n`);
}

/** Frames below this share of the whole are counted, not drawn. */
const SHOWN_SHARE_MIN_PER_MILLE = 5n;

async function printFlamegraph(question: Question): Promise<void> {
  const root = await askFlamegraph(question);
  if (root.total === 0n) await explainEmpty(question);
  let hidden = 0;
  const lines: string[] = [];
  const pending: { frame: Frame; depth: number }[] = [{ frame: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { frame, depth } = next;
    if (frame.total * 1000n < root.total * SHOWN_SHARE_MIN_PER_MILLE) {
      hidden++;
      continue;
    }
    lines.push(`${percent(frame.total, root.total).padStart(8)}  ${'  '.repeat(depth)}${frame.name}`);
    const children = [...frame.children].sort((a, b) => (a.total < b.total ? -1 : 1));
    for (const child of children) pending.push({ frame: child, depth: depth + 1 });
  }
  question.context.print(`${lines.join('\n')}\n`);
  if (hidden > 0) question.context.print(`${hidden} narrower frames are not shown; query pprof has them all\n`);
}

interface WireSeries {
  readonly labels?: readonly { readonly name: string; readonly value: string }[];
  readonly points?: readonly { readonly value?: number; readonly timestamp: string }[];
}

async function printSeries(question: Question): Promise<void> {
  const { client, message, options, context } = question;
  const { series = [] } = await client.call<{ series?: WireSeries[] }>('querier.v1.QuerierService/SelectSeries', {
    ...message,
    step: options.step / 1000,
    groupBy: options['group-by'] === '' ? [] : options['group-by'].split(','),
  });
  if (series.length === 0) await explainEmpty(question);
  for (const { labels = [], points = [] } of series) {
    context.print(`{${labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(', ')}}\n`);
    const rows = points.map(({ timestamp, value = 0 }) => [new Date(Number(timestamp)).toISOString(), String(value)]);
    context.print(textTable(['until', 'value'], rows));
  }
}

async function printPprof({ client, message, options, context }: Question): Promise<void> {
  const request = encodeMergeProfileRequest(message);
  const bytes = gzipSync(await client.callBytes('querier.v1.QuerierService/SelectMergeProfile', request));
  if (options.output === '') context.printBytes(bytes);
  else writeOutput(options.output, bytes);
}
