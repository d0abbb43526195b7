/** adhocprofiles.v1: files that people upload to look at. */
import { FlamelakeError } from '@flamelake/model';
import { decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  AdHocProfilesDeleteRequestSchema,
  AdHocProfilesDeleteResponseSchema,
  AdHocProfilesDiffRequestSchema,
  AdHocProfilesDiffResponseSchema,
  AdHocProfilesGetRequestSchema,
  AdHocProfilesGetResponseSchema,
  AdHocProfilesListRequestSchema,
  AdHocProfilesListResponseSchema,
  AdHocProfilesUploadRequestSchema,
} from '@flamelake/rpc/gen/adhocprofiles/v1/adhocprofiles_pb.js';
import type { AdHocProfile, AdHocProfiles, DrawChoice, DrawnProfile } from '../ad-hoc/ad-hoc-profiles.ts';

const SERVICE = '/adhocprofiles.v1.AdHocProfileService';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What is no file: names, ids. */
const REQUEST_BYTES_MAX = 65_536;

/** @param fileBytesMax - largest file any tenant may upload: bounds the requests that are read at all */
export function adHocMethods(files: AdHocProfiles, fileBytesMax: number): UnaryMethod[] {
  const small = [
    unaryMethod({
      path: `${SERVICE}/Get`,
      decode: (body, form) => decodeMessage(AdHocProfilesGetRequestSchema, body, form),
      handle: (request, { tenant, signal }) => files.get(tenant, request.id, choiceOf(request), signal),
      encode: (drawn, form) => encodeMessage(AdHocProfilesGetResponseSchema, drawnMessage(drawn), form),
    }),
    unaryMethod({
      path: `${SERVICE}/List`,
      decode: (body, form) => decodeMessage(AdHocProfilesListRequestSchema, body, form),
      handle: (_, { tenant }) => files.list(tenant),
      encode: (all, form) => encodeMessage(AdHocProfilesListResponseSchema, { profiles: all.map(metadata) }, form),
    }),
    unaryMethod({
      path: `${SERVICE}/Diff`,
      decode: (body, form) => decodeMessage(AdHocProfilesDiffRequestSchema, body, form),
      handle: (request, { tenant, signal }) =>
        files.diff(tenant, { left: request.leftId, right: request.rightId }, choiceOf(request), signal),
      encode: ({ profileTypes, json }, form) => {
        const message = { profileTypes: [...profileTypes], flamebearerProfile: json };
        return encodeMessage(AdHocProfilesDiffResponseSchema, message, form);
      },
    }),
    unaryMethod({
      path: `${SERVICE}/Delete`,
      decode: (body, form) => decodeMessage(AdHocProfilesDeleteRequestSchema, body, form),
      handle: ({ id }, { tenant }) => files.delete(tenant, id),
      encode: (_, form) => encodeMessage(AdHocProfilesDeleteResponseSchema, {}, form),
    }),
  ];
  const upload = unaryMethod({
    path: `${SERVICE}/Upload`,
    decode: (body, form) => decodeMessage(AdHocProfilesUploadRequestSchema, body, form),
    handle: async ({ name, profile, maxNodes }, { tenant, signal }) =>
      files.upload(tenant, { name, bytes: fromBase64(profile), ...choiceOf({ maxNodes }) }, signal),
    encode: (drawn, form) => encodeMessage(AdHocProfilesGetResponseSchema, drawnMessage(drawn), form),
  });
  const uploadBytesMax = Math.ceil((fileBytesMax * 4) / 3) + REQUEST_BYTES_MAX;
  return [
    ...small.map((method) => ({ ...method, bodyBytesMax: REQUEST_BYTES_MAX })),
    { ...upload, bodyBytesMax: uploadBytesMax },
  ];
}

function choiceOf(request: { profileType?: string | undefined; maxNodes?: bigint | undefined }): DrawChoice {
  const { profileType, maxNodes } = request;
  return {
    profileType: profileType === '' ? undefined : profileType,
    maxNodes: maxNodes === undefined ? undefined : Number(maxNodes),
  };
}

function fromBase64(text: string): Uint8Array {
  if (text === '') throw new FlamelakeError('invalid_argument', 'profile is empty');
  if (!BASE64.test(text)) throw new FlamelakeError('invalid_argument', 'profile is not in base64');
  return Buffer.from(text, 'base64');
}

function drawnMessage(drawn: DrawnProfile) {
  const { profileType, profileTypes, json } = drawn;
  return { ...metadata(drawn), profileType, profileTypes: [...profileTypes], flamebearerProfile: json };
}

function metadata({ id, name, uploadedAtMs }: AdHocProfile) {
  return { id, name, uploadedAt: BigInt(Math.trunc(uploadedAtMs)) };
}
