export {
  createQuerier,
  MEMORY_BYTES_DEFAULT,
  type Querier,
  type QuerierOptions,
  READS_DEFAULT,
  WAITING_TASKS_DEFAULT,
} from './querier.ts';
