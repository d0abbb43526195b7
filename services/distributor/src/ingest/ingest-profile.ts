/** The profile of a request to `/ingest`, raw or in a form, as the pipeline takes it. */
import { STACK_KIND_NAMES, type StackFormat } from '@flamelake/formats';
import { LABEL, type Label, sortLabels } from '@flamelake/model';
import type { IncomingProfile, ProfileSource } from '../incoming-profile.ts';
import { refuse } from '../refusal.ts';
import type { AppName } from './app-name.ts';
import type { IngestRequest } from './ingest-request.ts';
import { readMultipart } from './multipart.ts';
import { parseSampleTypeConfig } from './sample-type-config.ts';

const SPY_LABEL = 'pyroscope_spy';
/** The application, where a label names the service. */
const APP_LABEL = 'app_name';
const PROFILE_ID_LABEL = 'profile_id';

/**
 * @returns undefined when there is nothing to store, and no error: an empty profile in a form, or text about a single span
 * @throws {FlamelakeError} `invalid_argument` when the form or the format cannot be served
 */
export function ingestProfile(tenant: string, request: IngestRequest): IncomingProfile | undefined {
  const { format } = request;
  if (format === 'multipart') return formProfile(tenant, request);
  if (format === 'pprof') {
    if (request.body.length === 0) throw refuse('malformed_profile', 'body is empty, where a pprof profile belongs');
    const source = { format, sampleTypeConfig: undefined, isNamed: false } as const;
    return incoming(tenant, request, request.body, source, ingestLabels(request.name, request.spyName));
  }
  if (format === 'jfr') return recordingProfile(tenant, request);
  return stackProfile(tenant, request, format);
}

function formProfile(tenant: string, request: IngestRequest): IncomingProfile | undefined {
  const parts = readMultipart(request.body, request.contentType);
  const part = (name: string) => parts.find((candidate) => candidate.name === name)?.content;
  const payload = part('profile');
  if (payload === undefined) throw refuse('malformed_profile', 'form has no part named profile');
  if ((part('prev_profile')?.length ?? 0) > 0) {
    throw refuse('malformed_profile', 'part prev_profile is not taken: this client is too old, update it');
  }
  const config = part('sample_type_config');
  const sampleTypeConfig = config === undefined || config.length === 0 ? undefined : parseSampleTypeConfig(config);
  if (payload.length === 0) return undefined;
  const source = { format: 'pprof', sampleTypeConfig, isNamed: false } as const;
  return incoming(tenant, request, payload, source, ingestLabels(request.name, request.spyName));
}

const NO_LABELS = new Uint8Array(0);

/** A recording as the body, or as a part of a form with the labels of its contexts as another. */
function recordingProfile(tenant: string, request: IngestRequest): IncomingProfile {
  const { name, spyName, sampleRate, contentType, body } = request;
  const parts = contentType.includes('multipart/form-data') ? readMultipart(body, contentType) : undefined;
  const part = (wanted: string) => parts?.find((candidate) => candidate.name === wanted)?.content;
  const payload = parts === undefined ? body : part('jfr');
  if (payload === undefined) throw refuse('malformed_profile', 'form has no part named jfr');
  if (payload.length === 0) throw refuse('malformed_profile', 'recording is empty');
  const source = { format: 'jfr', sampleRate, labels: part('labels') ?? NO_LABELS } as const;
  return incoming(tenant, request, payload, source, [...ingestLabels(name, spyName), ...appLabel(name)]);
}

/** What the values count is said by the last part of the application's name; `cpu` when it has no parts. */
function stackProfile(tenant: string, request: IngestRequest, format: StackFormat): IncomingProfile | undefined {
  const { name, sampleRate, statedFormat } = request;
  if (name.labels.some((label) => label.name === PROFILE_ID_LABEL)) return undefined;
  const dot = name.app.lastIndexOf('.');
  const kind = dot < 0 ? 'cpu' : name.app.slice(dot + 1);
  if (!STACK_KIND_NAMES.includes(kind)) {
    throw refuse('invalid_name', 'last part of the application name must say what is counted, as in shop.cpu', {
      found: kind.slice(0, 128),
      known: STACK_KIND_NAMES.join(' '),
    });
  }
  const sentAs = statedFormat === '' ? 'no format' : `format=${statedFormat}`;
  const app = { app: dot < 0 ? name.app : name.app.slice(0, dot), labels: name.labels };
  return incoming(tenant, request, request.body, { format, kind, sampleRate, sentAs }, [
    ...ingestLabels(app, request.spyName),
    ...appLabel(app),
  ]);
}

function incoming(
  tenant: string,
  { fromMs, untilMs, spyName }: IngestRequest,
  payload: Uint8Array,
  source: ProfileSource,
  labels: readonly Label[],
): IncomingProfile {
  const durationMs = Math.max(0, untilMs - fromMs);
  return { tenant, labels: sortLabels(labels), payload, sampleId: '', startMs: fromMs, durationMs, spyName, source };
}

/** The labels of `name` without private ones, the spy's name, and the application as the service. */
function ingestLabels(name: AppName, spyName: string): Label[] {
  const own = name.labels.filter((label) => !label.name.startsWith('__') || label.name === LABEL.sessionId);
  return [
    { name: LABEL.serviceName, value: name.app },
    { name: SPY_LABEL, value: spyName },
    ...own.filter((label) => label.value !== '' || label.name !== LABEL.serviceName),
  ];
}

function appLabel({ app, labels }: AppName): Label[] {
  const isRenamed = labels.some(({ name, value }) => name === LABEL.serviceName && value !== '');
  return isRenamed ? [{ name: APP_LABEL, value: app }] : [];
}
