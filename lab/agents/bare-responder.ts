import cap from 'cap';
import { serve } from './serve.ts';

/** Answers ARP for one IP and does nothing else: what any program must take that runs on Node.js and captures with libpcap. */
const [, , interfaceName = 'eth0', mac = '', ip = ''] = process.argv;

const RING_BYTES = 4 * 1024 * 1024;
const SENDER_AT = 22;
const SENDER_LENGTH = 10;
const OPERATION_AT = 20;
const PADDING = Buffer.alloc(18);
const frameBuffer = Buffer.alloc(2_048);
const own = Buffer.from(mac.replaceAll(':', ''), 'hex');
const target = Buffer.from(ip.split('.').map(Number));
const socket = new cap.Cap();
socket.on('packet', () => {
  const asker = frameBuffer.subarray(SENDER_AT, SENDER_AT + SENDER_LENGTH);
  const header = Buffer.concat([asker.subarray(0, 6), own, frameBuffer.subarray(12, OPERATION_AT)]);
  socket.send(Buffer.concat([header, Buffer.of(0, 2), own, target, asker, PADDING]));
});
const filter = `arp[6:2] = 1 and arp[24:4] = 0x${target.toString('hex')}`;
socket.open(interfaceName, filter, RING_BYTES, frameBuffer);

serve(() => undefined);
