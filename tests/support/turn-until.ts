/** Lets the event loop turn, with something done before each turn, until the promise is settled. */
export async function turnUntil<T>(promise: Promise<T>, beforeTurn: () => void): Promise<T> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    beforeTurn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
