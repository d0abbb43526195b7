export {
  type BlockBuilder,
  type BlockHeader,
  type BuiltBlock,
  createBlockBuilder,
  type InputIdentities,
  type RowFilter,
} from './block-builder.ts';
export { openBlock, parseBlock, TAIL_BYTES } from './block-reader.ts';
export { memorySource, type ObjectName, objectSource } from './block-source.ts';
export {
  type BlockDescription,
  type DatasetDescription,
  describeBlock,
  type LocationDescription,
  type ProfileDescription,
} from './describe-block.ts';
export { BLOCK_VERSION, CONTENTS_BYTES_MAX, decodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
export { profileUuid } from './profile-uuid.ts';
export type * from './types.ts';
