/** The part `sample_type_config`: a JSON object, sample type → `{"units","display-name","aggregation",…}`. */
import { refuse } from '../refusal.ts';
import type { SampleTypeConfig } from './profile-name.ts';

const CONFIG_BYTES_MAX = 65_536;

/** @throws {FlamelakeError} `invalid_argument` when it is no such JSON */
export function parseSampleTypeConfig(bytes: Uint8Array): SampleTypeConfig {
  const config = new Map<string, { displayName: string | undefined }>();
  for (const [type, entry] of Object.entries(parseObject(bytes))) {
    const name = isObject(entry) ? entry['display-name'] : undefined;
    config.set(type, { displayName: typeof name === 'string' && name !== '' ? name : undefined });
  }
  return config;
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > CONFIG_BYTES_MAX) {
    throw refuse('malformed_profile', 'sample_type_config is too long', {
      limitBytes: CONFIG_BYTES_MAX,
      bytes: bytes.length,
    });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw refuse('malformed_profile', 'sample_type_config is no JSON');
  }
  if (!isObject(parsed)) throw refuse('malformed_profile', 'sample_type_config is no JSON object');
  return parsed;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
