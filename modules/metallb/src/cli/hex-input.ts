import { CommandFailure } from './failure.ts';

/**
 * A line of a hex dump: an offset, groups of two or four digits, and perhaps the same as text. `tcpdump -xx` and `-XX`
 * write `0x0010:`, `xxd` `00000010:`, Wireshark `0010` and two blanks.
 */
const DUMP_LINE =
  /^\s*(?:0x([0-9a-f]{4,}):\s+|([0-9a-f]{4,8})(?::\s+|\s{2,}))((?:[0-9a-f]{2,4}(?: |$))+)[^|]*$/i;
const COMMENT = /#.*$/gm;
const SEPARATORS = /0x|[\s:,-]/gi;
/** What no text holds, and what stands for bytes that are none. */
const BINARY = /\p{Cc}|\ufffd/u;
/** What two kinds of capture begin with that have no Ethernet header, and what to do instead. */
const FOREIGN_STARTS = [
  {
    // LINKTYPE_LINUX_SLL2: protocol, zero, interface, ARPHRD_ETHER, packet type, length of the address
    start: /^(?:0800|0806|86dd)0000[0-9a-f]{8}0001[0-9a-f]{2}06/,
    advice:
      'tcpdump -i any leaves out the Ethernet header: name one interface, as in tcpdump -i eth0 -xx',
  },
  {
    // ARP for IPv4 over Ethernet, without what is in front of it
    start: /^000108000604000[12]/,
    advice: 'tcpdump -x leaves out the Ethernet header: use -xx',
  },
] as const;
/** More than any frame holds; jumbo frames have 9,000 bytes. */
const MAX_FRAME_BYTES = 65_536;

/**
 * The frames in a text: one in hexadecimal digits (separators and `#` comments allowed), or any number in a hex dump.
 * @throws CommandFailure when there is none, or something that is no digit
 */
export function readFrames(text: string): Uint8Array[] {
  const dumped = text.split(/\r?\n/).flatMap((line) => {
    const [, marked, bare, digits = ''] = DUMP_LINE.exec(line) ?? [];
    const offset = marked ?? bare;
    return offset === undefined ? [] : [{ offset: Number.parseInt(offset, 16), digits }];
  });
  if (dumped[0]?.offset !== 0) return [bytesOf(text.replace(COMMENT, ''))];
  const frames: string[] = [];
  for (const { offset, digits } of dumped) {
    const before = offset === 0 ? '' : (frames.pop() ?? '');
    const length = before.replace(SEPARATORS, '').length / 2;
    if (offset !== length) {
      throw new CommandFailure(
        `offset 0x${offset.toString(16)} follows ${length} bytes: a line of the dump is missing or cut off`,
      );
    }
    frames.push(`${before} ${digits}`);
  }
  return frames.map(bytesOf);
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(SEPARATORS, '').toLowerCase();
  if (digits === '') {
    throw new CommandFailure(
      'there are no bytes: give a frame as hexadecimal digits or by tcpdump -xx',
    );
  }
  if (BINARY.test(digits)) {
    throw new CommandFailure(
      'this is binary data, no text: print a capture with tcpdump -xx -r FILE | mlb decode',
    );
  }
  const [stranger] = /[^0-9a-f]/.exec(digits) ?? [];
  if (stranger !== undefined) {
    throw new CommandFailure(
      `${JSON.stringify(stranger)} is no hexadecimal digit: give a frame as tcpdump -xx prints it, or the name of a file that holds one`,
    );
  }
  if (digits.length % 2 === 1) throw new CommandFailure('the last byte has one digit only');
  if (digits.length / 2 > MAX_FRAME_BYTES) {
    throw new CommandFailure(`${digits.length / 2} bytes are more than a frame holds`);
  }
  const foreign = FOREIGN_STARTS.find(({ start }) => start.test(digits));
  if (foreign !== undefined) throw new CommandFailure(foreign.advice);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
