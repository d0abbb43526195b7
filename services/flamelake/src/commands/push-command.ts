/** `flamelake push FILE…`: sends pprof files, one profile each. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { encodePprof, type Pprof } from '@flamelake/formats';
import { FlamelakeError, type Label } from '@flamelake/model';
import { createConnectClient } from '../client/connect-client.ts';
import { readProfileFile } from '../client/read-profile-file.ts';
import { PUSH_OPTIONS } from '../options/client-options.ts';
import { helpText } from '../options/describe-options.ts';
import { readOptions } from '../options/read-options.ts';
import type { Command, CommandContext } from './command.ts';

const FILE_BYTES_MAX = 268_435_456;

export const pushCommand: Command = {
  help: `flamelake push FILE... [flags]\n\n${helpText(PUSH_OPTIONS)}`,
  async run(context) {
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { values, rest } = readOptions(PUSH_OPTIONS, { words: context.words, environment: {}, readFile });
    if (rest.length === 0) throw new FlamelakeError('invalid_argument', 'push needs at least one file');
    const client = createConnectClient(values.url, values.tenant);
    let sentBytes = 0;
    for (const [i, file] of rest.entries()) {
      const { bytes, profile } = readProfile(file, values.time === 'now' ? context : undefined);
      const labels: Label[] = [
        ...parseLabels(values.labels),
        { name: '__name__', value: values.name || guessName(profile) },
        { name: 'service_name', value: values.service || basename(file).replace(/(\.pb|\.pprof|\.prof|\.gz)+$/, '') },
      ];
      const series = { labels, samples: [{ rawProfile: Buffer.from(bytes).toString('base64') }] };
      await client.call('push.v1.PusherService/Push', { series: [series] });
      sentBytes += bytes.length;
      context.progress(`pushed ${i + 1} of ${rest.length} files, ${(sentBytes / 1e6).toFixed(1)} MB: ${file}`);
    }
    context.print(rest.length === 1 ? '1 profile is stored\n' : `${rest.length} profiles are stored\n`);
    return 0;
  },
};

/** Reads and checks a file; with a context its time becomes now. */
function readProfile(file: string, retime: CommandContext | undefined): { bytes: Uint8Array; profile: Pprof } {
  const { bytes, profile } = readProfileFile(file, FILE_BYTES_MAX);
  if (retime === undefined) return { bytes, profile };
  const timeNanos = BigInt(retime.clock.nowMs()) * 1_000_000n;
  return { bytes: encodePprof({ ...profile, timeNanos }), profile };
}

function parseLabels(text: string): Label[] {
  if (text === '') return [];
  return text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw new FlamelakeError('invalid_argument', 'label must be written name=value', { label: pair });
    return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
  });
}

/** Profile name by what the profile counts, as /ingest chooses it. */
function guessName({ sampleTypes }: Pprof): string {
  const types = sampleTypes.map(({ type }) => type);
  if (types.includes('wall')) return 'wall';
  if (types.includes('cpu')) return 'process_cpu';
  if (types.some((type) => /alloc_|inuse_/.test(type) || type === 'space')) return 'memory';
  if (types.includes('contentions')) return 'mutex';
  return types.at(-1) ?? 'profile';
}
