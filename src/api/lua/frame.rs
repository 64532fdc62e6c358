//! The WebSocket protocol (RFC 6455), as a server speaks it: frames, pings, the closing handshake. Pure: bytes come from
//! and go to a [`Wire`].
//!
//! A script reads data frames one by one, each with whether its message ends with it. Control frames never reach it: a ping
//! is answered, a close is answered, a pong is what [`Socket::ping`] waits for.

use std::collections::VecDeque;

/// Both directions of a connection.
pub(super) trait Wire {
    /// What has come, at least one byte; waits for it.
    fn receive(&mut self, room: &mut [u8]) -> Result<usize, Lost>;
    /// What has come, without waiting and without taking it: 0 if nothing has.
    fn peek(&mut self, room: &mut [u8]) -> Result<usize, Lost>;
    /// Sends all parts.
    fn transmit(&mut self, parts: &[&[u8]]) -> Result<(), Lost>;
}

/// Why nothing more comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    /// The peer is gone.
    Gone,
    /// The peer was silent for too long.
    Silent,
}

/// The largest frame that is read unless the script says otherwise, bytes.
pub(super) const LIMIT: u64 = 16 * 1024 * 1024;

/// Bytes read at a time, so that a length the peer made up costs no memory.
const PIECE: usize = 64 * 1024;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const PROTOCOL_ERROR: u16 = 1002;
const TOO_BIG: u16 = 1009;

/// A data frame: its bytes, and whether the message ends with it.
pub(super) type Data = (Vec<u8>, bool);

/// One connection's state.
#[derive(Default)]
pub(super) struct Socket {
    /// A close was sent or received, or the peer is lost: nothing more is read or sent.
    is_closed: bool,
    /// The next data frame continues a message.
    is_within: bool,
    /// Data frames that came while a pong was waited for.
    queue: VecDeque<Data>,
}

/// A frame as it came.
struct Frame {
    is_final: bool,
    opcode: u8,
    payload: Vec<u8>,
}

impl Socket {
    /// The next data frame, of at most `limit` bytes; `None` once the connection is closed.
    pub(super) fn read(&mut self, wire: &mut impl Wire, limit: u64) -> Option<Data> {
        if let Some(data) = self.queue.pop_front() {
            return Some(data);
        }
        while !self.is_closed {
            let frame = self.frame(wire, limit)?;
            match frame.opcode {
                CONTINUATION..=BINARY => return Some((frame.payload, frame.is_final)),
                _ => self.obey(wire, &frame),
            }
        }
        None
    }

    /// Sends a ping and waits for the pong; false if the connection closes first. Data that comes meanwhile is kept.
    pub(super) fn ping(&mut self, wire: &mut impl Wire, limit: u64) -> bool {
        if self.is_closed || !self.send(wire, PING, &[]) {
            return false;
        }
        let mut kept = 0;
        while !self.is_closed {
            let Some(frame) = self.frame(wire, limit.saturating_sub(kept)) else { return false };
            match frame.opcode {
                PONG => return true,
                CONTINUATION..=BINARY => {
                    kept += frame.payload.len() as u64 + 1;
                    self.queue.push_back((frame.payload, frame.is_final));
                }
                _ => self.obey(wire, &frame),
            }
        }
        false
    }

    /// Whether [`Socket::read`] has something to tell: data has begun to come, or the connection is closed. Control frames
    /// that have come are dealt with.
    pub(super) fn is_ready(&mut self, wire: &mut impl Wire) -> bool {
        while self.queue.is_empty() && !self.is_closed {
            let mut room = [0; 2 + 4 + 125];
            let n = match wire.peek(&mut room[..2]) {
                Ok(0 | 1) => return false,
                Ok(_) => match control_length(room[0], room[1]) {
                    None => return true,
                    Some(length) => match wire.peek(&mut room[..length]) {
                        Ok(n) if n < length => return false,
                        other => other,
                    },
                },
                lost => lost,
            };
            match n {
                Err(_) => return true,
                Ok(_) => match self.frame(wire, 125) {
                    Some(frame) => self.obey(wire, &frame),
                    None => return true,
                },
            }
        }
        true
    }

    /// Sends a message, as text if it is some; false if the connection is closed.
    pub(super) fn write(&mut self, wire: &mut impl Wire, message: &[u8]) -> bool {
        let opcode = if std::str::from_utf8(message).is_ok() { TEXT } else { BINARY };
        self.send(wire, opcode, message)
    }

    /// Sends bytes as they are; false if the connection is closed.
    pub(super) fn write_raw(&mut self, wire: &mut impl Wire, bytes: &[u8]) -> bool {
        !self.is_closed && self.sent(wire.transmit(&[bytes]))
    }

    /// Says that this is the end, unless somebody has.
    pub(super) fn close(&mut self, wire: &mut impl Wire) {
        self.close_with(wire, Some(NORMAL));
    }

    fn close_with(&mut self, wire: &mut impl Wire, code: Option<u16>) {
        let code = code.map(u16::to_be_bytes);
        self.send(wire, CLOSE, code.as_ref().map_or(&[], |code| &code[..]));
        self.is_closed = true;
    }

    fn send(&mut self, wire: &mut impl Wire, opcode: u8, payload: &[u8]) -> bool {
        if self.is_closed {
            return false;
        }
        let mut head = vec![0x80 | opcode];
        match payload.len() {
            n @ 0..=125 => head.push(n as u8),
            n @ 126..=0xffff => {
                head.push(126);
                head.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                head.push(127);
                head.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        self.sent(wire.transmit(&[&head, payload]))
    }

    fn sent(&mut self, result: Result<(), Lost>) -> bool {
        self.is_closed |= result.is_err();
        result.is_ok()
    }

    /// Does what a control frame asks for.
    fn obey(&mut self, wire: &mut impl Wire, frame: &Frame) {
        match frame.opcode {
            PING => {
                self.send(wire, PONG, &frame.payload);
            }
            CLOSE => {
                let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                self.close_with(wire, code);
            }
            _ => {}
        }
    }

    /// The next frame, whatever it is. `None` once the connection is closed: by an error of the peer's, too, who is told.
    fn frame(&mut self, wire: &mut impl Wire, limit: u64) -> Option<Frame> {
        match self.take(wire, limit) {
            Ok(frame) => return Some(frame),
            Err(Broken::Lost(Lost::Gone)) => self.is_closed = true,
            Err(Broken::Lost(Lost::Silent)) => self.close_with(wire, Some(GOING_AWAY)),
            Err(Broken::Rules(code)) => self.close_with(wire, Some(code)),
        }
        None
    }

    fn take(&mut self, wire: &mut impl Wire, limit: u64) -> Result<Frame, Broken> {
        let [first, second] = exactly(wire)?;
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0f);
        let mut length = u64::from(second & 0x7f);
        match length {
            126 => length = u64::from(u16::from_be_bytes(exactly(wire)?)),
            127 => length = u64::from_be_bytes(exactly(wire)?),
            _ => {}
        }
        let keeps_rules = match opcode {
            CONTINUATION => self.is_within,
            TEXT | BINARY => !self.is_within,
            CLOSE | PING | PONG => is_final && length <= 125,
            _ => false,
        };
        if !keeps_rules || first & 0x70 != 0 || length >> 63 != 0 {
            return Err(Broken::Rules(PROTOCOL_ERROR));
        }
        if length > limit && opcode <= BINARY {
            return Err(Broken::Rules(TOO_BIG));
        }
        let mask: Option<[u8; 4]> = if second & 0x80 != 0 { Some(exactly(wire)?) } else { None };
        let (mut payload, mut room) = (Vec::new(), Vec::new());
        while let wanted @ 1.. = usize::try_from(length).unwrap_or(usize::MAX) - payload.len() {
            room.resize(wanted.min(PIECE).max(room.len()), 0);
            let n = wire.receive(&mut room[..wanted.min(PIECE)])?;
            payload.extend_from_slice(&room[..n]);
        }
        if let Some(mask) = mask {
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        }
        if opcode <= BINARY {
            self.is_within = !is_final;
        }
        Ok(Frame { is_final, opcode, payload })
    }
}

/// Why a frame could not be read.
enum Broken {
    Lost(Lost),
    /// The peer breaks the protocol's rules, or ours: the code of the close.
    Rules(u16),
}

impl From<Lost> for Broken {
    fn from(lost: Lost) -> Broken {
        Broken::Lost(lost)
    }
}

fn exactly<const N: usize>(wire: &mut impl Wire) -> Result<[u8; N], Lost> {
    let (mut bytes, mut have) = ([0; N], 0);
    while have < N {
        have += wire.receive(&mut bytes[have..])?;
    }
    Ok(bytes)
}

/// Length of a whole control frame that begins so; `None` for data, and for what breaks the rules.
fn control_length(first: u8, second: u8) -> Option<usize> {
    let length = usize::from(second & 0x7f);
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    (first & 0x08 != 0 && length <= 125).then_some(2 + mask + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that has said all it will say, and says it `step` bytes at a time.
    struct Peer {
        input: VecDeque<u8>,
        output: Vec<u8>,
        step: usize,
        end: Lost,
    }

    impl Peer {
        fn new(frames: &[Vec<u8>], step: usize) -> Peer {
            Peer { input: frames.concat().into(), output: Vec::new(), step, end: Lost::Gone }
        }
    }

    impl Wire for Peer {
        fn receive(&mut self, room: &mut [u8]) -> Result<usize, Lost> {
            let n = room.len().min(self.step).min(self.input.len());
            self.input.drain(..n).zip(&mut *room).for_each(|(byte, room)| *room = byte);
            if n == 0 { Err(self.end) } else { Ok(n) }
        }
        fn peek(&mut self, room: &mut [u8]) -> Result<usize, Lost> {
            let n = room.len().min(self.input.len());
            self.input.iter().zip(&mut *room).for_each(|(byte, room)| *room = *byte);
            Ok(n)
        }
        fn transmit(&mut self, parts: &[&[u8]]) -> Result<(), Lost> {
            self.output.extend_from_slice(&parts.concat());
            Ok(())
        }
    }

    /// A masked frame, as clients send them.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 0xf4];
        let mut frame = vec![first];
        match payload.len() {
            n @ 0..=125 => frame.push(0x80 | n as u8),
            n @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn all(socket: &mut Socket, peer: &mut Peer) -> Vec<(String, bool)> {
        let next = || socket.read(peer, LIMIT).map(|(data, end)| (String::from_utf8_lossy(&data).into_owned(), end));
        std::iter::from_fn(next).collect()
    }

    fn is(text: &str, is_final: bool) -> (String, bool) {
        (text.into(), is_final)
    }

    #[test]
    fn frames_arrive_whole_in_whatever_pieces_they_come() {
        let large = "x".repeat(3_000_000);
        for step in [1, 7, usize::MAX] {
            let mut peer = Peer::new(&[frame(0x81, b"hello"), frame(0x81, b""), frame(0x82, large.as_bytes())], step);
            let found = all(&mut Socket::default(), &mut peer);
            assert!(found == [is("hello", true), is("", true), is(&large, true)]);
            assert!(peer.output.is_empty());
        }
    }

    #[test]
    fn a_frame_that_is_not_masked_is_read_too() {
        let mut peer = Peer::new(&[vec![0x81, 2, b'h', b'i']], 1);
        assert_eq!(all(&mut Socket::default(), &mut peer), [is("hi", true)]);
    }

    #[test]
    fn a_message_in_fragments_says_where_it_ends_and_control_frames_between_are_not_seen() {
        let frames = [frame(1, b"a"), frame(0x89, b"you there"), frame(0, b"b"), frame(0x8a, b""), frame(0x80, b"c")];
        let mut peer = Peer::new(&[&frames[..], &[frame(0x81, b"d")]].concat(), 3);
        let found = all(&mut Socket::default(), &mut peer);
        assert_eq!(found, [is("a", false), is("b", false), is("c", true), is("d", true)]);
        assert_eq!(peer.output, [&[0x8a, 9][..], b"you there"].concat());
    }

    #[test]
    fn a_close_is_answered_once_and_ends_everything() {
        let mut peer = Peer::new(&[frame(0x88, &[3, 232, b'b', b'y', b'e']), frame(0x81, b"late")], 2);
        let mut socket = Socket::default();
        assert_eq!(all(&mut socket, &mut peer), []);
        assert_eq!(peer.output, [0x88, 2, 3, 232]);
        assert!(!socket.write(&mut peer, b"x"));
        socket.close(&mut peer);
        assert_eq!(peer.output, [0x88, 2, 3, 232]);
        let mut peer = Peer::new(&[frame(0x88, b"")], 2);
        assert_eq!(all(&mut Socket::default(), &mut peer), []);
        assert_eq!(peer.output, [0x88, 0]);
    }

    #[test]
    fn our_own_close_carries_a_code() {
        let (mut socket, mut peer) = (Socket::default(), Peer::new(&[frame(0x81, b"late")], 9));
        socket.close(&mut peer);
        assert_eq!(peer.output, [0x88, 2, 3, 232]);
        assert_eq!(socket.read(&mut peer, LIMIT), None);
    }

    #[test]
    fn a_peer_that_breaks_the_rules_is_told_so() {
        let code = |frames: &[Vec<u8>]| {
            let mut peer = Peer::new(frames, 1);
            all(&mut Socket::default(), &mut peer);
            match *peer.output {
                [0x88, 2, high, low] => u16::from_be_bytes([high, low]),
                _ => 0,
            }
        };
        assert_eq!(code(&[frame(0x80, b"continues nothing")]), PROTOCOL_ERROR);
        assert_eq!(code(&[frame(0x01, b"a"), frame(0x81, b"b")]), PROTOCOL_ERROR);
        assert_eq!(code(&[frame(0x09, b"a ping in fragments")]), PROTOCOL_ERROR);
        assert_eq!(code(&[frame(0x89, &[0; 126])]), PROTOCOL_ERROR);
        assert_eq!(code(&[frame(0xc1, b"compressed")]), PROTOCOL_ERROR);
        assert_eq!(code(&[frame(0x83, b"unknown")]), PROTOCOL_ERROR);
        assert_eq!(code(&[vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]]), PROTOCOL_ERROR);
        assert_eq!(code(&[vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0]]), TOO_BIG);
    }

    #[test]
    fn a_peer_that_is_gone_or_silent_ends_the_reading() {
        let cut = frame(0x81, b"hello")[..6].to_vec();
        let mut peer = Peer::new(std::slice::from_ref(&cut), 1);
        assert_eq!(all(&mut Socket::default(), &mut peer), []);
        assert!(peer.output.is_empty());
        let mut peer = Peer { end: Lost::Silent, ..Peer::new(&[cut], 1) };
        assert_eq!(all(&mut Socket::default(), &mut peer), []);
        assert_eq!(peer.output, [0x88, 2, 3, 233]);
    }

    #[test]
    fn a_ping_waits_for_its_pong_and_loses_no_data() {
        let (mut socket, mut peer) =
            (Socket::default(), Peer::new(&[frame(0x81, b"one"), frame(0x8a, b""), frame(0x81, b"two")], 2));
        assert!(socket.ping(&mut peer, LIMIT));
        assert_eq!(peer.output, [0x89, 0]);
        assert_eq!(all(&mut socket, &mut peer), [is("one", true), is("two", true)]);
        assert!(!socket.ping(&mut peer, LIMIT));
    }

    #[test]
    fn looking_takes_no_data_and_answers_pings() {
        let (mut socket, mut peer) = (Socket::default(), Peer::new(&[], 9));
        assert!(!socket.is_ready(&mut peer));
        peer.input.extend(frame(0x89, b"1"));
        assert!(!socket.is_ready(&mut peer));
        assert_eq!(peer.output, [0x8a, 1, b'1']);
        peer.input.extend(&frame(0x89, b"22")[..5]);
        assert!(!socket.is_ready(&mut peer), "a ping that has not come whole");
        peer.input.extend(&frame(0x89, b"22")[5..]);
        peer.input.extend(frame(0x81, b"data"));
        assert!(socket.is_ready(&mut peer));
        assert_eq!(socket.read(&mut peer, LIMIT), Some((b"data".to_vec(), true)));
        peer.input.extend(frame(0x88, b""));
        assert!(socket.is_ready(&mut peer), "a closed connection has something to tell");
        assert_eq!(socket.read(&mut peer, LIMIT), None);
    }

    #[test]
    fn what_is_sent_has_a_head_for_its_length_and_kind() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65535, &[0x81, 126, 255, 255]),
            (65536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut peer = Peer::new(&[], 1);
            assert!(Socket::default().write(&mut peer, &vec![b'x'; length]));
            assert_eq!((&peer.output[..head.len()], peer.output.len()), (head, head.len() + length));
        }
        let mut peer = Peer::new(&[], 1);
        assert!(Socket::default().write(&mut peer, b"\xff"));
        assert_eq!(peer.output, [0x82, 1, 0xff]);
    }
}
