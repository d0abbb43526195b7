/** A google.v1.Profile, already encoded, as an answer by itself or inside one. */
import { ByteWriter } from '@flamelake/formats';
import type { BodyForm } from '@flamelake/rpc';
import { JsonWriter } from './json-writer.ts';
import { profileToJson } from './profile-json.ts';
import { bytesField } from './protobuf-fields.ts';

/** The bare profile, as SelectMergeProfile answers. */
export async function encodeProfile(profile: Uint8Array, form: BodyForm): Promise<Uint8Array> {
  return form === 'proto' ? profile : profileToJson(profile);
}

/** `pprof.profile` of SelectMergeStacktracesResponse: field 5, in it field 1. */
export async function encodeWrappedProfile(profile: Uint8Array, form: BodyForm): Promise<Uint8Array> {
  if (form === 'json') {
    const writer = new JsonWriter();
    writer.raw('{"pprof":{"profile":');
    writer.rawBytes(await profileToJson(profile));
    writer.raw('}}');
    return writer.view();
  }
  const wrapped = new ByteWriter(profile.length + 16);
  bytesField(wrapped, 1, profile);
  const answer = new ByteWriter(profile.length + 32);
  bytesField(answer, 5, wrapped.view());
  return answer.view();
}
