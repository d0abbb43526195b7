/** A request to `/ingest` as its query says it, before the body is looked at. */
import { parseTime } from '@flamelake/model';
import { type AppName, parseAppName } from './app-name.ts';
import { type IngestFormat, ingestFormat } from './ingest-format.ts';

export interface IngestRequest {
  readonly name: AppName;
  /** Start and end of the profile, ms since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly spyName: string;
  readonly format: IngestFormat;
  /** The parameter `format` as sent, at most 64 characters; `''` without it. */
  readonly statedFormat: string;
  readonly contentType: string;
  /** After the content encoding is taken off. */
  readonly body: Uint8Array;
}

const SAMPLE_RATE_DEFAULT = 100;

/** @throws {FlamelakeError} `invalid_argument` on a bad `name`; nothing else in the query can be wrong */
export function parseIngestQuery(
  query: URLSearchParams,
  contentType: string,
  nowMs: number,
): Omit<IngestRequest, 'body'> {
  return {
    name: parseAppName(query.get('name')),
    fromMs: parseTime(query.get('from') ?? '', nowMs),
    untilMs: parseTime(query.get('until') ?? '', nowMs),
    sampleRate: sampleRate(query.get('sampleRate')),
    spyName: query.get('spyName') || 'unknown',
    format: ingestFormat(query.get('format'), contentType),
    statedFormat: (query.get('format') ?? '').slice(0, 64),
    contentType,
  };
}

function sampleRate(text: string | null): number {
  if (text === null || !/^\d{1,10}$/.test(text)) return SAMPLE_RATE_DEFAULT;
  const rate = Number(text);
  return rate <= 0xffff_ffff ? rate : SAMPLE_RATE_DEFAULT;
}
