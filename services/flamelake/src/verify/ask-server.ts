/** Reading 3: what the query API says of all time, by service and profile type, each answer with the snapshot it is of. */
import { type StoreKeys, unsealSnapshotName } from '@flamelake/catalog';
import { ANONYMOUS_TENANT, describeError, FlamelakeError, formatSelector, LABEL } from '@flamelake/model';
import { type ConnectClient, createConnectClient } from '../client/connect-client.ts';
import type { Findings } from './findings.ts';
import { endsOf, type ServerAnswer, type ServerAnswers } from './server-answers.ts';
import type { TypeName } from './totals.ts';

export interface ServerContext {
  readonly url: string;
  /** Asked about; all that the store holds when empty. */
  readonly tenant: string;
  readonly storeTenants: () => Promise<readonly string[]>;
  readonly keys: StoreKeys;
  readonly answers: ServerAnswers;
  readonly findings: Findings;
  readonly progress: (words: string) => void;
}

const SERVICE = 'querier.v1.QuerierService';
/** From 1843 to 3237: every profile lies behind the start, so that one step of a series takes all of them in. */
const ALL_TIME = { start: -4_000_000_000_000, end: 40_000_000_000_000 } as const;
const STEP_SECONDS = (ALL_TIME.end - ALL_TIME.start) / 1_000;
const QUESTIONS_AT_ONCE = 4;

/**
 * Asks about every service and type that the server lists.
 * @throws {FlamelakeError} `unavailable` when it does not answer, `failed_precondition` when it serves another store
 */
export async function askServer(context: ServerContext): Promise<void> {
  for (const tenant of await tenantsToAsk(context)) await askTenant(context, tenant);
}

/** Without multi-tenancy there is one tenant, and no header is needed. */
async function tenantsToAsk({ url, tenant, storeTenants }: ServerContext): Promise<readonly string[]> {
  if (tenant !== '') return [tenant];
  try {
    await createConnectClient(url, '').call(`${SERVICE}/LabelNames`, ALL_TIME);
    return [ANONYMOUS_TENANT];
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'unauthenticated') return storeTenants();
    throw error;
  }
}

async function askTenant(context: ServerContext, tenant: string): Promise<void> {
  const client = createConnectClient(context.url, tenant);
  const { names, ends } = await listNames(context, client, tenant);
  context.answers.addTenant(tenant, ends);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      context.progress(`asking the server, ${next} of ${names.length}: ${name.service} ${name.type}`);
      for (const ask of [askTotal, askMean]) await askAbout(context, client, name, ends, ask);
    }
  };
  await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, worker));
}

interface WireLabels {
  readonly labels?: readonly { readonly name: string; readonly value?: string }[];
}

async function listNames(context: ServerContext, client: ConnectClient, tenant: string) {
  const labelNames = [LABEL.serviceName, LABEL.profileType];
  const { answer, ends } = await call<{ labelsSet?: readonly WireLabels[] }>(context, client, 'Series', {
    ...ALL_TIME,
    labelNames,
  });
  const names = (answer.labelsSet ?? []).map(({ labels = [] }): TypeName => {
    const valueOf = (name: string) => labels.find((label) => label.name === name)?.value ?? '';
    return { tenant, service: valueOf(LABEL.serviceName), type: valueOf(LABEL.profileType) };
  });
  return { names, ends };
}

type Ask = (
  context: ServerContext,
  client: ConnectClient,
  question: object,
) => Promise<Pick<ServerAnswer, 'value' | 'ends'>>;

/** Keeps an answer. One that cannot be had is a difference, unless the server says that it would be too large. */
async function askAbout(
  context: ServerContext,
  client: ConnectClient,
  name: TypeName,
  listedEnds: ReadonlyMap<string, number>,
  ask: Ask,
): Promise<void> {
  const labelSelector = formatSelector([{ name: LABEL.serviceName, op: '=', value: name.service }]);
  try {
    const answer = await ask(context, client, { ...ALL_TIME, profileTypeID: name.type, labelSelector });
    context.answers.add({ ...name, ...answer });
  } catch (error) {
    if (!(error instanceof FlamelakeError) || error.code === 'unavailable' || error.code === 'failed_precondition') {
      throw error;
    }
    const words = `the server answers ${name.tenant}/${name.service} ${name.type} with ${error.code}: ${describeError(error)}`;
    if (error.code === 'out_of_range') context.answers.add({ ...name, value: 'refused', ends: listedEnds });
    // What needs more than the server may take: too much for now, or for good.
    else if (error.code === 'resource_exhausted' || error.code === 'invalid_argument') context.findings.note(words);
    else context.findings.difference(words);
  }
}

/** The exact total, from samples and trees. */
const askTotal: Ask = async (context, client, question) => {
  const { answer, ends } = await call<{ flamegraph?: { total?: string } }>(context, client, 'SelectMergeStacktraces', {
    ...question,
    maxNodes: 1,
  });
  return { value: { total: BigInt(answer.flamegraph?.total ?? 0) }, ends };
};

/** The mean of a profile, from the totals of rows: so the number of profiles is looked at too. */
const askMean: Ask = async (context, client, question) => {
  interface WireSeries {
    readonly points?: readonly { readonly value?: number }[];
  }
  const { answer, ends } = await call<{ series?: readonly WireSeries[] }>(context, client, 'SelectSeries', {
    ...question,
    step: STEP_SECONDS,
    aggregation: 'TIME_SERIES_AGGREGATION_TYPE_AVERAGE',
  });
  const points = (answer.series ?? []).flatMap((series) => series.points ?? []);
  return { value: { mean: points[0]?.value ?? 0 }, ends };
};

/** What was answered, and how much of each partition was read for it. */
interface AnswerOfSnapshot<Answer> {
  readonly answer: Answer;
  readonly ends: ReadonlyMap<string, number>;
}

async function call<Answer>(
  { keys, url }: ServerContext,
  client: ConnectClient,
  method: string,
  message: object,
): Promise<AnswerOfSnapshot<Answer>> {
  const { answer, headers } = await client.ask<Answer>(`${SERVICE}/${method}`, message);
  try {
    return { answer, ends: endsOf(unsealSnapshotName(keys, headers.get('x-flamelake-snapshot') ?? '')) };
  } catch (cause) {
    throw new FlamelakeError('failed_precondition', 'server does not answer from this store', { url }, { cause });
  }
}
