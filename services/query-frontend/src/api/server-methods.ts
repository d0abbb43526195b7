/** What a server is: version.v1 and gRPC's health check. */
import { decodeMessage, encodeMessage, type UnaryMethod, unaryMethod } from '@flamelake/rpc';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@flamelake/rpc/gen/grpc/health/v1/health_pb.js';
import { VersionRequestSchema, VersionResponseSchema } from '@flamelake/rpc/gen/version/v1/version_pb.js';

/** Version of the query API spoken. */
const QUERIER_API = 1n;

/** @param isServing - asked at each health check */
export function serverMethods(isServing: () => boolean): UnaryMethod[] {
  return [
    unaryMethod({
      path: '/version.v1.Version/Version',
      withoutTenant: true,
      decode: (body, form) => decodeMessage(VersionRequestSchema, body, form),
      handle: () => Promise.resolve({ QuerierAPI: QUERIER_API }),
      encode: (version, form) => encodeMessage(VersionResponseSchema, version, form),
    }),
    unaryMethod({
      path: '/grpc.health.v1.Health/Check',
      withoutTenant: true,
      decode: (body, form) => decodeMessage(HealthCheckRequestSchema, body, form),
      handle: () => Promise.resolve(isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING),
      encode: (status, form) => encodeMessage(HealthCheckResponseSchema, { status }, form),
    }),
  ];
}
