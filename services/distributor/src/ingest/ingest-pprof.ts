/** A pprof sent to `/ingest`, raw or in a form, as the pipeline takes it. */
import { LABEL, type Label, sortLabels } from '@flamelake/model';
import type { IncomingProfile } from '../incoming-profile.ts';
import { refuse } from '../refusal.ts';
import type { AppName } from './app-name.ts';
import type { IngestRequest } from './ingest-request.ts';
import { readMultipart } from './multipart.ts';
import { parseSampleTypeConfig } from './sample-type-config.ts';

const SPY_LABEL = 'pyroscope_spy';

/**
 * @returns undefined when the form's profile is empty: nothing to store, and no error
 * @throws {FlamelakeError} `invalid_argument` when the form or the format cannot be served
 */
export function ingestPprof(tenant: string, request: IngestRequest): IncomingProfile | undefined {
  const base = {
    tenant,
    labels: ingestLabels(request.name, request.spyName),
    sampleId: '',
    startMs: request.fromMs,
    spyName: request.spyName,
  };
  if (request.format === 'pprof') {
    if (request.body.length === 0) throw refuse('malformed_profile', 'body is empty, where a pprof profile belongs');
    return { ...base, payload: request.body, profileName: { sampleTypeConfig: undefined } };
  }
  if (request.format !== 'multipart') {
    throw refuse('unsupported_format', 'format of the body is not served', {
      sent: request.statedFormat === '' ? 'no format' : `format=${request.statedFormat}`,
      readAs: request.format,
      served: 'pprof as a body with format=pprof, or as the part profile of a form',
    });
  }
  const parts = readMultipart(request.body, request.contentType);
  const part = (name: string) => parts.find((candidate) => candidate.name === name)?.content;
  const payload = part('profile');
  if (payload === undefined) throw refuse('malformed_profile', 'form has no part named profile');
  if ((part('prev_profile')?.length ?? 0) > 0) {
    throw refuse('malformed_profile', 'part prev_profile is not taken: this client is too old, update it');
  }
  const config = part('sample_type_config');
  const sampleTypeConfig = config === undefined || config.length === 0 ? undefined : parseSampleTypeConfig(config);
  return payload.length === 0 ? undefined : { ...base, payload, profileName: { sampleTypeConfig } };
}

/** The labels of `name` without private ones, the spy's name, and the application as the service. */
function ingestLabels(name: AppName, spyName: string): Label[] {
  const own = name.labels.filter((label) => !label.name.startsWith('__') || label.name === LABEL.sessionId);
  return sortLabels([
    { name: LABEL.serviceName, value: name.app },
    { name: SPY_LABEL, value: spyName },
    ...own.filter((label) => label.value !== '' || label.name !== LABEL.serviceName),
  ]);
}
