/** Uploaded files: which there are, and which is looked at. */
import type { UploadedFile } from '../api/ad-hoc.ts';
import { formatTime } from '../model/time-range.ts';
import { usePage } from '../parts/page.ts';

export interface FileListProps {
  readonly files: readonly UploadedFile[];
  readonly onDelete: (id: string) => void;
}

export function FileList({ files, onDelete }: FileListProps) {
  const { state, go } = usePage();
  if (files.length === 0) return <p className="quiet">No file is kept yet.</p>;
  return (
    <div className="table files" tabIndex={0} role="region" aria-label="Uploaded files">
      <table>
        <thead>
          <tr>
            <th>File</th>
            <th>Uploaded</th>
            <th>
              <span className="unseen">Delete</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map(({ id, name, uploadedMs }) => (
            <tr key={id}>
              <td>
                <button
                  className="link"
                  aria-current={id === state.file}
                  onClick={() => go({ file: id, fileType: '', rightFile: '', focus: [] })}
                >
                  <bdi>{name}</bdi>
                </button>
              </td>
              <td>{formatTime(uploadedMs)}</td>
              <td>
                <button aria-label={`Delete ${name}`} onClick={() => onDelete(id)}>
                  ×
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
