/**
 * The Model Context Protocol over streamable HTTP: programs that think in texts ask what people ask of the web app.
 * Nothing is kept between requests, so any query-frontend answers any of them. Both the protocol of 2026-07-28 and its
 * predecessors of 2025 are spoken.
 */

import { type Clock, describeError, FlamelakeError } from '@flamelake/model';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { CallContext, Queries } from '../queries.ts';
import { ANSWER_BYTES_MAX } from './answer-text.ts';
import { diffFunctions, timeSeries } from './compare-tools.ts';
import { callersAndCallees, hotLines, topFunctions } from './function-tools.ts';
import { listLabels, listProfileTypes, listServices } from './list-tools.ts';
import type { Tool, ToolContext } from './tool.ts';

export interface McpContext {
  readonly queries: Queries;
  readonly clock: Clock;
  /** Of this server. */
  readonly version: string;
  /** Told what nobody is to see. */
  readonly onFailure: (error: unknown) => void;
}

export interface McpRequest {
  readonly request: Request;
  /** The body of the request, parsed; undefined when it has none. */
  readonly body: unknown;
  readonly call: CallContext;
  /** Scheme and host as the client knows them. */
  readonly baseUrl: string;
}

const INSTRUCTIONS = `Continuous profiles of services: where CPU time, memory and waiting go, by function and line, over any time range.
Begin with list_services and list_profile_types; then top_functions, callers_and_callees and hot_lines for one service, diff_functions for
before and after (or canary and stable), time_series for when. Numbers are exact sums; shares are exact to two digits. An answer is at most
${ANSWER_BYTES_MAX} bytes. Links open the same view in the web app: give them to people.`;

const TOOLS: readonly Tool[] = [
  listServices,
  listProfileTypes,
  listLabels,
  topFunctions,
  diffFunctions,
  callersAndCallees,
  timeSeries,
  hotLines,
];

export async function answerMcp(context: McpContext, { request, body, call, baseUrl }: McpRequest): Promise<Response> {
  const { queries, clock } = context;
  const serverOf = (): McpServer => {
    const server = new McpServer({ name: 'flamelake', version: context.version }, { instructions: INSTRUCTIONS });
    const surroundings = { queries, call, nowMs: clock.nowMs(), baseUrl };
    for (const tool of TOOLS) register(server, tool, surroundings, context);
    return server;
  };
  // Nothing here changes by itself, so nobody is served a stream of changes.
  const handler = createMcpHandler(serverOf, { responseMode: 'json', maxSubscriptions: 0, onerror: () => {} });
  return handler.fetch(request, body === undefined ? {} : { parsedBody: body });
}

function register(server: McpServer, tool: Tool, surroundings: ToolContext, { onFailure }: McpContext): void {
  const { name, title, description, input } = tool;
  const config = { title, description, inputSchema: input, annotations: { readOnlyHint: true, openWorldHint: false } };
  server.registerTool(name, config, async (given, { mcpReq }) => {
    const signal = AbortSignal.any([surroundings.call.signal, mcpReq.signal]);
    try {
      const text = await tool.run(given, { ...surroundings, call: { ...surroundings.call, signal } });
      return { content: [{ type: 'text', text }] };
    } catch (error) {
      if (!(error instanceof FlamelakeError)) onFailure(error);
      const text = error instanceof FlamelakeError ? describeError(error) : 'the server failed';
      return { content: [{ type: 'text', text }], isError: true };
    }
  });
}
