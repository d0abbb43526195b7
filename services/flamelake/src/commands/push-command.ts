/** `flamelake push FILE…`: sends files of any format, a profile each, or as many as they hold. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { encodePprof, type NamedProfile } from '@flamelake/formats';
import { FlamelakeError, LABEL, type Label } from '@flamelake/model';
import { createConnectClient } from '../client/connect-client.ts';
import { type ProfileFile, readingOf, readProfileFile } from '../client/read-profile-file.ts';
import { PUSH_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command, CommandContext } from './command.ts';

const FILE_BYTES_MAX = 268_435_456;
/** Endings of file names that say nothing of the service. */
const ENDINGS = /(\.pb|\.pprof|\.prof|\.gz|\.jfr|\.folded|\.collapsed|\.lines|\.speedscope|\.json|\.perf|\.txt)+$/;

export const pushCommand: Command = {
  help: `flamelake push FILE... [flags]\n\n${helpText(PUSH_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(PUSH_OPTIONS, { words: context.words, environment: {}, readFile });
    if (rest.length === 0) throw new FlamelakeError('invalid_argument', 'push needs at least one file');
    const client = createConnectClient(values.url, values.tenant);
    const reading = {
      bytesMax: FILE_BYTES_MAX,
      format: values.format,
      kind: values.kind,
      sampleRate: values['sample-rate'],
    };
    let sentBytes = 0;
    let stored = 0;
    for (const [i, file] of rest.entries()) {
      const read = readProfileFile(file, reading);
      const common: Label[] = [
        ...parseLabels(values.labels),
        { name: LABEL.serviceName, value: values.service || basename(file).replace(ENDINGS, '') },
      ];
      const series = read.profiles.map((one) => {
        const labels = [...one.labels, ...common, { name: LABEL.metricName, value: values.name || nameOf(one) }];
        const bytes = payload(read, one, values.time === 'now' ? context : undefined);
        sentBytes += bytes.length;
        return { labels, samples: [{ rawProfile: Buffer.from(bytes).toString('base64') }] };
      });
      if (series.length > 0) await client.call('push.v1.PusherService/Push', { series });
      stored += series.length;
      const megabytes = (sentBytes / 1e6).toFixed(1);
      const how = readingOf(read, reading);
      context.progress(`pushed ${i + 1} of ${rest.length} files, ${megabytes} MB: ${file}, ${how}`);
    }
    context.print(stored === 1 ? '1 profile is stored\n' : `${stored} profiles are stored\n`);
    return 0;
  },
};

/** A pprof as it came, unless its time becomes now; anything else as pprof. */
function payload(
  { bytes, format }: ProfileFile,
  { profile }: NamedProfile,
  retime: CommandContext | undefined,
): Uint8Array {
  if (retime === undefined) return format === 'pprof' ? bytes : encodePprof(profile);
  const timeNanos = BigInt(retime.clock.nowMs()) * 1_000_000n;
  return encodePprof({ ...profile, timeNanos });
}

function parseLabels(text: string): Label[] {
  if (text === '') return [];
  return text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw new FlamelakeError('invalid_argument', 'label must be written name=value', { label: pair });
    return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
  });
}

/** The name the format gives, or by what the profile counts, as /ingest chooses it. */
function nameOf({ name, profile: { sampleTypes } }: NamedProfile): string {
  if (name !== '') return name;
  const types = sampleTypes.map(({ type }) => type);
  if (types.includes('wall')) return 'wall';
  if (types.includes('cpu')) return 'process_cpu';
  if (types.some((type) => /alloc_|inuse_/.test(type) || type === 'space')) return 'memory';
  if (types.includes('contentions')) return 'mutex';
  return types.at(-1) ?? 'profile';
}
