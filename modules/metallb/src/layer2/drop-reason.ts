/** Why a frame got no answer: the label of a counter. */
export type DropReason =
  | 'malformed'
  | 'foreign-vlan'
  | 'other-protocol'
  /** Sent to somebody else; the capture is promiscuous. */
  | 'not-for-us'
  | 'own-frame'
  | 'not-a-request'
  /** A gratuitous frame: it tells, it does not ask. */
  | 'announcement'
  /** The sender's hardware address is zero or a group. */
  | 'invalid-sender'
  /** RFC 6980: neighbor discovery must not be fragmented. */
  | 'fragment'
  | 'not-our-address';
