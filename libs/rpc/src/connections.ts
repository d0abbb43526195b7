/** The connections of a server, so that it can close without cutting what is in flight. */
import type { Server } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '@flamelake/model';

export interface Connections {
  /** A connection that has not said yet what it speaks. */
  addSocket(socket: Socket): void;
  /** It has: from now on it may have requests in flight. */
  settleSocket(socket: Socket): void;
  addSession(session: Http2Session): void;
  /** Resolves when every connection is gone; after `graceMs` they are cut. */
  close(graceMs: number): Promise<void>;
}

export function createConnections(http1: Server, clock: Clock): Connections {
  const sockets = new Set<Socket>();
  const unsettled = new Set<Socket>();
  const sessions = new Set<Http2Session>();
  let isClosing = false;

  http1.on('request', (_, response) => {
    // A connection that answers while the server closes is closed with its answer, or as soon as it is idle.
    if (isClosing) response.shouldKeepAlive = false;
    response.once('close', () => {
      if (isClosing) http1.closeIdleConnections();
    });
  });

  return {
    addSocket(socket) {
      sockets.add(socket);
      unsettled.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        unsettled.delete(socket);
      });
    },
    settleSocket: (socket) => unsettled.delete(socket),
    addSession(session) {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    },
    async close(graceMs) {
      isClosing = true;
      const over = new AbortController();
      void clock.sleep(graceMs, over.signal).then(() => {
        for (const socket of sockets) socket.destroy();
      });
      for (const socket of unsettled) socket.destroy();
      for (const session of sessions) session.close();
      await new Promise<void>((resolve) => {
        http1.close(() => resolve());
      });
      over.abort();
    },
  };
}
