/** A google.v1.Profile, already encoded, as an answer by itself or inside one. */
import { ByteWriter } from '@flamelake/formats';
import { type BodyForm, decodeMessage, encodeMessage } from '@flamelake/rpc';
import { ProfileSchema } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import { JsonWriter } from './json-writer.ts';
import { bytesField } from './protobuf-fields.ts';

/** The bare profile, as SelectMergeProfile answers. */
export function encodeProfile(profile: Uint8Array, form: BodyForm): Uint8Array {
  if (form === 'proto') return profile;
  return encodeMessage(ProfileSchema, decodeMessage(ProfileSchema, profile, 'proto'), 'json');
}

/** `pprof.profile` of SelectMergeStacktracesResponse: field 5, in it field 1. */
export function encodeWrappedProfile(profile: Uint8Array, form: BodyForm): Uint8Array {
  if (form === 'json') {
    const writer = new JsonWriter();
    writer.raw('{"pprof":{"profile":');
    writer.rawBytes(encodeProfile(profile, 'json'));
    writer.raw('}}');
    return writer.view();
  }
  const wrapped = new ByteWriter(profile.length + 16);
  bytesField(wrapped, 1, profile);
  const answer = new ByteWriter(profile.length + 32);
  bytesField(answer, 5, wrapped.view());
  return answer.view();
}
