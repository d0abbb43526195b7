/** settings.v1 and capabilities.v1: what user interfaces keep, and what they may show. */
import { FlamelakeError } from '@flamelake/model';
import { decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  GetFeatureFlagsRequestSchema,
  GetFeatureFlagsResponseSchema,
} from '@flamelake/rpc/gen/capabilities/v1/capabilities_pb.js';
import {
  DeleteSettingsRequestSchema,
  DeleteSettingsResponseSchema,
  GetSettingsRequestSchema,
  GetSettingsResponseSchema,
  SetSettingsRequestSchema,
  SetSettingsResponseSchema,
} from '@flamelake/rpc/gen/settings/v1/settings_pb.js';
import type { Setting, Settings } from '../settings.ts';

const SERVICE = '/settings.v1.SettingsService';

/** By name. Heat maps and exemplars are there; recording rules are not, and label names need no flag. */
const FEATURE_FLAGS = [
  { name: 'pyroscopeRuler', enabled: false },
  { name: 'pyroscopeRulerFunctions', enabled: false },
  { name: 'utf8LabelNames', enabled: false },
  { name: 'v2StorageLayer', enabled: true },
];

export function settingsMethods(settings: Settings): UnaryMethod[] {
  return [
    unaryMethod({
      path: `${SERVICE}/Get`,
      decode: (body, form) => decodeMessage(GetSettingsRequestSchema, body, form),
      handle: (_, { tenant }) => settings.get(tenant),
      encode: (all, form) => encodeMessage(GetSettingsResponseSchema, { settings: all.map(settingMessage) }, form),
    }),
    unaryMethod({
      path: `${SERVICE}/Set`,
      decode: (body, form) => decodeMessage(SetSettingsRequestSchema, body, form),
      async handle({ setting }, { tenant }) {
        if (setting === undefined) throw new FlamelakeError('invalid_argument', 'setting is missing');
        const { name, value, modifiedAt } = setting;
        return settings.set(tenant, { name, value, modifiedAtMs: Number(modifiedAt) });
      },
      encode: (setting, form) => encodeMessage(SetSettingsResponseSchema, { setting: settingMessage(setting) }, form),
    }),
    unaryMethod({
      path: `${SERVICE}/Delete`,
      decode: (body, form) => decodeMessage(DeleteSettingsRequestSchema, body, form),
      handle: ({ name }, { tenant }) => settings.delete(tenant, name),
      encode: (_, form) => encodeMessage(DeleteSettingsResponseSchema, {}, form),
    }),
    unaryMethod({
      path: '/capabilities.v1.FeatureFlagsService/GetFeatureFlags',
      decode: (body, form) => decodeMessage(GetFeatureFlagsRequestSchema, body, form),
      handle: () => Promise.resolve(FEATURE_FLAGS),
      encode: (flags, form) => encodeMessage(GetFeatureFlagsResponseSchema, { featureFlags: flags }, form),
    }),
  ];
}

function settingMessage({ name, value, modifiedAtMs }: Setting) {
  return { name, value, modifiedAt: BigInt(Math.trunc(modifiedAtMs)) };
}
