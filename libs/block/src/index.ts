export {
  type BlockBuilder,
  type BlockHeader,
  type BuiltBlock,
  createBlockBuilder,
  type RowFilter,
} from './block-builder.ts';
export { openBlock, parseBlock } from './block-reader.ts';
export { memorySource, objectSource } from './block-source.ts';
export { decodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
export { profileUuid } from './profile-uuid.ts';
export type * from './types.ts';
