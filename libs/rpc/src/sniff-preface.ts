/** Tells HTTP/2 without TLS from HTTP/1.1 by the first bytes of a connection (RFC 9113 §3.4). */
import type { Socket } from 'node:net';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Waits for enough bytes to decide, puts them back and hands the socket over. A silent or broken connection is closed.
 * @param timeoutMs - longest silence before the decision
 */
export function sniffPreface(
  socket: Socket,
  timeoutMs: number,
  handOver: (socket: Socket, version: 'http1' | 'http2') => void,
): void {
  let head: Buffer = Buffer.alloc(0);
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const length = Math.min(head.length, PREFACE.length);
    const isPreface = PREFACE.compare(head, 0, length, 0, length) === 0;
    if (isPreface && length < PREFACE.length) return;
    socket.off('readable', onReadable).off('end', onSilent).off('error', onSilent).off('timeout', onSilent);
    socket.setTimeout(0);
    socket.unshift(head);
    handOver(socket, isPreface ? 'http2' : 'http1');
  };
  const onSilent = () => socket.destroy();
  socket.setTimeout(timeoutMs);
  socket.on('readable', onReadable).on('end', onSilent).on('error', onSilent).on('timeout', onSilent);
}
