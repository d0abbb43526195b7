/** The same data for other tools: files, and command lines that ask for it again. */
import { type Query, selectPprof } from '../api/querier.ts';
import { commandLine, curlLine, foldedText } from '../flame/export-text.ts';
import type { FlameGraph } from '../flame/flame-graph.ts';
import { labelOf } from '../model/selector.ts';
import { usePage } from '../parts/page.ts';

export interface ExportMenuProps {
  readonly query: Query;
  readonly graph: FlameGraph | undefined;
}

export function ExportMenu({ query, graph }: ExportMenuProps) {
  const { state } = usePage();
  const service = labelOf(query.selector, 'service_name');
  const name = service === '' ? 'profile' : service;
  const range = `from=${query.startMs}&until=${query.endMs}`;
  const asked = `query=${encodeURIComponent(`${query.type}${query.selector}`)}&${range}`;
  const savePprof = async (): Promise<void> => {
    const caller = { tenant: state.tenant, signal: new AbortController().signal };
    save(await selectPprof(caller, query), `${name}.pb`);
  };
  const copy = (text: string): void => void navigator.clipboard.writeText(text);
  return (
    <details className="export">
      <summary>Export</summary>
      <div className="popover">
        <button onClick={() => void savePprof()}>pprof</button>
        {graph !== undefined && (
          <button onClick={() => save(new Blob([foldedText(graph)], { type: 'text/plain' }), `${name}.folded`)}>
            Folded stacks
          </button>
        )}
        <a href={`/pyroscope/render?${asked}`} download={`${name}.json`}>
          JSON
        </a>
        <a href={`/pyroscope/render?${asked}&format=dot`} download={`${name}.dot`}>
          DOT
        </a>
        {service !== '' && query.type.startsWith('process_cpu:') && (
          <a href={`/api/v1/pgo/${encodeURIComponent(service)}/default.pgo?${range}`}>default.pgo</a>
        )}
        <button onClick={() => copy(commandLine(query, location.origin))}>Copy as command</button>
        <button onClick={() => copy(curlLine(query, location.origin))}>Copy as curl</button>
      </div>
    </details>
  );
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
