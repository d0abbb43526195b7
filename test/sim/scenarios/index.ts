/** Every named simulation, by name. */
import * as commit from './commit.ts';
import * as deletes from './deletes.ts';
import * as logs from './logs.ts';
import * as pages from './pages.ts';
import * as readers from './readers.ts';
import * as services from './services.ts';
import * as writers from './writers.ts';

export const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = {
  ...commit,
  ...writers,
  ...readers,
  ...pages,
  ...logs,
  ...deletes,
  ...services,
};
