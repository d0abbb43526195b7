/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): each key has its own order of the peers. A peer that comes or goes moves only the
 * keys that are, or were, its own.
 */

/** Peers in the order of a key: the first is its own, the others stand in. */
export function orderByRendezvous<T extends { readonly address: string }>(peers: Iterable<T>, key: string): T[] {
  return Array.from(peers, (peer) => ({ peer, score: hash(`${peer.address}\n${key}`) }))
    .sort((a, b) => b.score - a.score || (a.peer.address < b.peer.address ? -1 : 1))
    .map(({ peer }) => peer);
}

/** FNV-1a over UTF-16 units, mixed at the end as in MurmurHash3, unsigned. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
