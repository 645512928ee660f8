/**
 * The other end of agent.ts: answers requests of the lab until the lab goes away. Errors travel back as text.
 */
export function serve(handle: (request: unknown) => Promise<unknown> | unknown): void {
  process.on('message', (message: { id: number; request: unknown }) => {
    void answer(message.id, message.request); // never rejects
  });
  // The lab has ended or was killed: leave nothing behind.
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: true });

  async function answer(id: number, request: unknown): Promise<void> {
    try {
      process.send?.({ id, reply: await handle(request) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  }
}
