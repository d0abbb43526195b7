/**
 * What a server says of itself over plain HTTP, where clients of Pyroscope look for it:
 *
 *     /api/v1/status/buildinfo                     what runs                                     JSON
 *     /api/v1/status/config, /config               all options                                   YAML
 *     /api/v1/status/config/diff, …/default        those that are not as by default; defaults    YAML
 *     /runtime_config, ?mode=diff                  options of the tenant that asks               YAML
 *     /api/v1/tenant_limits                        its limits of ingestion                       JSON
 *
 * Nobody is told which tenants have options of their own.
 */
import { tenantOf } from '@flamelake/rpc';
import type { Express, Request, Response } from 'express';
import { defaultsOf, optionsText } from '../options/options-text.ts';
import { SERVE_OPTIONS, type ServeOptions } from '../options/serve-options.ts';
import { TENANT_OPTIONS } from '../overrides/read-overrides.ts';
import type { TenantOptions } from '../overrides/watch-overrides.ts';

export interface StatusContext {
  readonly options: ServeOptions;
  readonly tenantOptions: TenantOptions;
  readonly version: string;
}

export function serveStatus(app: Express, { options, tenantOptions, version }: StatusContext): void {
  const multitenancy = options['multitenancy.enabled'];
  const ownOptions = (request: Request): ServeOptions => tenantOptions.of(tenantOf(request.headers, { multitenancy }));
  const build = {
    version,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: `node ${process.version}`,
  };
  app.get('/api/v1/status/buildinfo', (_, response) => void response.json({ status: 'success', data: build }));
  app.get(['/api/v1/status/config', '/config'], (_, response) =>
    sendYaml(response, optionsText(SERVE_OPTIONS, options)),
  );
  app.get('/api/v1/status/config/diff', (_, response) =>
    sendYaml(response, optionsText(SERVE_OPTIONS, options, defaultsOf(SERVE_OPTIONS))),
  );
  app.get('/api/v1/status/config/default', (_, response) =>
    sendYaml(response, optionsText(SERVE_OPTIONS, defaultsOf(SERVE_OPTIONS))),
  );
  app.get('/runtime_config', (request, response) => {
    const unlike = request.query.mode === 'diff' ? options : undefined;
    sendYaml(response, optionsText(TENANT_OPTIONS, ownOptions(request), unlike));
  });
  app.get('/api/v1/tenant_limits', (request, response) => {
    const own = ownOptions(request);
    response.json({
      ingestion_rate: own['limits.ingestion-rate'],
      ingestion_burst_size: Math.max(own['limits.ingestion-burst'], own['limits.profile-size-max']),
      // 0: any number.
      max_global_series_per_user: 0,
    });
  });
}

function sendYaml(response: Response, text: string): void {
  response.type('text/plain; charset=utf-8').send(text);
}
