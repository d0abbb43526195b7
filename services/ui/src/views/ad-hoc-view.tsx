/** Files that a person drops: looked at, compared with each other, and with what services send. */
import { type DragEvent, useState } from 'react';
import {
  type DrawnFile,
  deleteFile,
  drawFile,
  drawFileDiff,
  listFiles,
  type UploadedFile,
  uploadFile,
} from '../api/ad-hoc.ts';
import { type Caller, selectFlameGraph } from '../api/querier.ts';
import { decodeFlameGraph } from '../flame/flame-graph.ts';
import { diffOf } from '../flame/reshape.ts';
import { LIVE } from '../model/page-state.ts';
import { formatTime } from '../model/time-range.ts';
import { partsOf } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { queryOf, usePage } from '../parts/page.ts';
import { QueryBar } from '../parts/query-bar.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { FileList } from './file-list.tsx';
import { ProfilePanes } from './profile-panes.tsx';

export function AdHocView() {
  const { state, go, nowMs } = usePage();
  const [words, setWords] = useState('');
  const [isOver, setOver] = useState(false);
  const caller = (signal: AbortSignal): Caller => ({ tenant: state.tenant, signal });
  const files = useAnswer(`${state.tenant}${nowMs}`, (signal) => listFiles(caller(signal)));
  const upload = async (dropped: readonly File[]): Promise<void> => {
    try {
      let file = '';
      for (const one of dropped) {
        setWords(`Sending ${one.name} …`);
        file = await uploadFile(caller(new AbortController().signal), one);
      }
      setWords('');
      if (file !== '') go({ file, fileType: '', rightFile: '', focus: [] });
    } catch (error) {
      setWords(error instanceof Error ? error.message : String(error));
    }
  };
  const remove = async (id: string): Promise<void> => {
    await deleteFile(caller(new AbortController().signal), id);
    go(id === state.file ? { file: '', rightFile: '' } : {});
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void upload([...event.dataTransfer.files]);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label className={isOver ? 'drop over' : 'drop'}>
        <b>
          Drop profiles here, or <span className="like-link">choose files</span>
        </b>
        <span className="quiet">
          pprof, JFR, folded stacks, speedscope, perf script, or JSON of a flame graph; gzipped or not
        </span>
        <input
          className="unseen"
          type="file"
          multiple
          onChange={(event) => {
            void upload([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <span role="status">{words}</span>
      </label>
      <Loading answer={files}>{(list) => <FileList files={list} onDelete={(id) => void remove(id)} />}</Loading>
      {state.file !== '' && <DrawnFiles files={files.value ?? []} />}
    </div>
  );
}

/** The chosen file, alone or beside another. */
function DrawnFiles({ files }: { readonly files: readonly UploadedFile[] }) {
  const page = usePage();
  const { state, go, nowMs } = page;
  const { file, rightFile, fileType, detail, tenant } = state;
  const query = queryOf(page);
  const live = rightFile === LIVE ? JSON.stringify([query.type, query.selector, state.from, state.until, nowMs]) : '';
  const drawn = useAnswer(
    JSON.stringify([file, rightFile, fileType, detail, tenant, live]),
    async (signal): Promise<DrawnFile> => {
      const caller = { tenant, signal };
      if (rightFile === '') return drawFile(caller, file, fileType, detail);
      const left = await drawFile(caller, file, fileType, detail);
      if (rightFile === LIVE) {
        const right = await selectFlameGraph(caller, query, { focus: [], profile: '', detail });
        return { ...left, unit: partsOf(query.type).unit, graph: diffOf(left.graph, decodeFlameGraph(right)) };
      }
      const right = await drawFile(caller, rightFile, '', detail);
      // Files of different tools call the same thing differently: then each shows its own first type.
      if (!right.types.includes(left.type)) return { ...left, graph: diffOf(left.graph, right.graph) };
      const both = await drawFileDiff(caller, [file, rightFile], left.type, detail);
      return { ...both, types: left.types, type: left.type };
    },
  );
  return (
    <section>
      <div className="row">
        <h2>
          <bdi>{files.find(({ id }) => id === file)?.name ?? file}</bdi>
        </h2>
        {drawn.value !== undefined && drawn.value.types.length > 1 && (
          <label>
            Profile{' '}
            <select value={drawn.value.type} onChange={(event) => go({ fileType: event.currentTarget.value })}>
              {drawn.value.types.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          Compare with{' '}
          <select value={rightFile} onChange={(event) => go({ rightFile: event.currentTarget.value })}>
            <option value="">nothing</option>
            <option value={LIVE}>live data</option>
            {files
              .filter(({ id }) => id !== file)
              .map(({ id, name, uploadedMs }) => (
                <option key={id} value={id}>
                  {name} of {formatTime(uploadedMs)}
                </option>
              ))}
          </select>
        </label>
      </div>
      {rightFile === LIVE && <QueryBar hasService={true} />}
      <Loading answer={drawn}>
        {({ graph, unit }) => (
          <ProfilePanes
            graph={graph}
            unit={unit}
            isLive={false}
            empty={<p className="empty">It holds no samples.</p>}
          />
        )}
      </Loading>
    </section>
  );
}
