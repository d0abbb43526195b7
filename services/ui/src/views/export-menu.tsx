/** The same data for other tools: files, pictures, and command lines that ask for it again. */
import { useState } from 'react';
import { selectPprof } from '../api/pprof-file.ts';
import { NODES_MAX, type Query } from '../api/querier.ts';
import { commandLine, curlLine, foldedText, pgoQuery, profilecliLine, renderQuery } from '../flame/export-text.ts';
import type { FlameGraph } from '../flame/flame-graph.ts';
import { pngOf } from '../flame/png.ts';
import { collapseRecursion } from '../flame/reshape.ts';
import { flameSvg } from '../flame/svg.ts';
import { labelOf } from '../model/selector.ts';
import { usePage } from '../parts/page.ts';
import { Popover } from '../parts/popover.tsx';
import { usePaint } from './profile-panes.tsx';
import { saveFile } from './save-file.ts';

export interface ExportMenuProps {
  readonly query: Query;
  readonly graph: FlameGraph | undefined;
}

const PICTURE_WIDTH_PX = 1_600;

export function ExportMenu({ query, graph }: ExportMenuProps) {
  const { state } = usePage();
  const paint = usePaint();
  const [words, setWords] = useState('');
  const { tenant, focus, profile, detail } = state;
  const isNarrowed = focus.length > 0 || profile !== '';
  const service = labelOf(query.selector, 'service_name');
  const name = service === '' ? 'profile' : service.replace(/[^\w.-]+/g, '_');
  const asked = renderQuery(query, { focus, profile });
  const pgo = `${encodeURIComponent(service)}/default.pgo?${pgoQuery(query)}`;
  /** Says what became of it. */
  const tell = async (work: () => Promise<unknown>, done = ''): Promise<void> => {
    setWords('');
    try {
      await work();
      setWords(done);
    } catch (error) {
      setWords(error instanceof Error ? error.message : String(error));
    }
  };
  /** A file of the server's: a link cannot name the tenant. */
  const fetched = (path: string, file: string): void =>
    void tell(async () => {
      const response = await fetch(path, tenant === '' ? {} : { headers: { 'x-scope-orgid': tenant } });
      if (!response.ok) throw new Error(await response.text());
      saveFile(await response.blob(), file);
    });
  const copy = (text: string): void => void tell(() => navigator.clipboard.writeText(text), 'Copied.');
  const picture = (): string => {
    const shown = graph === undefined || state.recursion === 'shown' ? graph : collapseRecursion(graph);
    return shown === undefined ? '' : flameSvg(shown, 0, PICTURE_WIDTH_PX, { ...paint, found: undefined });
  };
  const caller = { tenant, signal: new AbortController().signal };
  return (
    <Popover label="Export">
      {() => (
        <div className="menu">
          <b>Files</b>
          {graph !== undefined && (
            <>
              <button onClick={() => saveFile(new Blob([picture()], { type: 'image/svg+xml' }), `${name}.svg`)}>
                Picture (SVG)
              </button>
              <button
                onClick={() =>
                  void tell(async () => saveFile(await pngOf(graph, PICTURE_WIDTH_PX, paint), `${name}.png`))
                }
              >
                Picture (PNG)
              </button>
              <button onClick={() => saveFile(new Blob([foldedText(graph)], { type: 'text/plain' }), `${name}.folded`)}>
                Folded stacks
              </button>
            </>
          )}
          <button
            onClick={() =>
              void tell(async () =>
                saveFile(await selectPprof(caller, query, { focus, profile, detail }), `${name}.pb.gz`),
              )
            }
          >
            pprof
          </button>
          <button onClick={() => fetched(`/pyroscope/render?${asked}&max-nodes=${NODES_MAX[detail]}`, `${name}.json`)}>
            JSON
          </button>
          <button onClick={() => fetched(`/pyroscope/render?${asked}&format=dot`, `${name}.dot`)}>DOT</button>
          {service !== '' && query.type.startsWith('process_cpu:') && (
            <button onClick={() => fetched(`/api/v1/pgo/${pgo}`, 'default.pgo')}>
              default.pgo, for go build{isNarrowed && ' (of all profiles and call sites)'}
            </button>
          )}
          <b>Copy the same query</b>
          {!isNarrowed && (
            <button onClick={() => copy(commandLine(query, location.origin, tenant))}>as flamelake command</button>
          )}
          <button onClick={() => copy(profilecliLine(query, { focus, profile }, location.origin, tenant))}>
            as profilecli command
          </button>
          <button onClick={() => copy(curlLine(query, { focus, profile }, location.origin, tenant))}>
            as curl command
          </button>
          <span role="status">{words}</span>
        </div>
      )}
    </Popover>
  );
}
