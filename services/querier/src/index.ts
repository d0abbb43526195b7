export {
  ADMISSION_BYTES_DEFAULT,
  createQuerier,
  type Querier,
  type QuerierOptions,
  READS_DEFAULT,
  WAITING_TASKS_DEFAULT,
} from './querier.ts';
