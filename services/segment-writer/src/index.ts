export {
  createSegmentWriter,
  type PartitionHealth,
  type SegmentWriter,
  type SegmentWriterOptions,
} from './segment-writer.ts';
