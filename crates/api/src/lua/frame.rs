//! The WebSocket protocol (RFC 6455), as a server speaks it: frames, pings, the closing handshake. Pure: bytes come from
//! and go to a [`Wire`].
//!
//! A script reads data frames one by one, each with whether its message ends with it. Control frames never reach it: a ping
//! is answered, a close is answered, a pong is what [`Socket::ping`] waits for.

use super::utf8::Utf8;
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
const NO_TEXT: u16 = 1007;
const TOO_BIG: u16 = 1009;

/// What a message holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Binary => "binary",
        }
    }
    pub(super) fn by_name(name: &[u8]) -> Option<Kind> {
        [Kind::Text, Kind::Binary].into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

/// A data frame.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Data {
    pub bytes: Vec<u8>,
    /// The message ends with it.
    pub is_final: bool,
    /// Its message's.
    pub kind: Kind,
}

/// One connection's state.
#[derive(Default)]
pub(super) struct Socket {
    /// A close was sent or received, or the peer is lost: nothing more is read or sent.
    is_closed: bool,
    /// The message that the next data frame continues.
    within: Option<Kind>,
    /// Where in a character the text of that message is.
    text: Utf8,
    /// Data frames that came while a pong was waited for.
    queue: VecDeque<Data>,
}

/// A frame as it came.
enum Frame {
    Data(Data),
    /// Its opcode and its payload.
    Control(u8, Vec<u8>),
}

impl Socket {
    /// The next data frame, of at most `limit` bytes; `None` once the connection is closed.
    pub(super) fn read(&mut self, wire: &mut impl Wire, limit: u64) -> Option<Data> {
        if let Some(data) = self.queue.pop_front() {
            return Some(data);
        }
        while !self.is_closed {
            match self.frame(wire, limit)? {
                Frame::Data(data) => return Some(data),
                Frame::Control(opcode, payload) => self.obey(wire, opcode, &payload),
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
            match self.frame(wire, limit.saturating_sub(kept)) {
                None => return false,
                Some(Frame::Control(PONG, _)) => return true,
                Some(Frame::Control(opcode, payload)) => self.obey(wire, opcode, &payload),
                Some(Frame::Data(data)) => {
                    kept += data.bytes.len() as u64 + 1;
                    self.queue.push_back(data);
                }
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
                    Some(Frame::Control(opcode, payload)) => self.obey(wire, opcode, &payload),
                    Some(Frame::Data(data)) => self.queue.push_back(data),
                    None => return true,
                },
            }
        }
        true
    }

    /// Sends a message, of no kind as text if it is some; false if the connection is closed.
    pub(super) fn write(&mut self, wire: &mut impl Wire, message: &[u8], kind: Option<Kind>) -> bool {
        let is_text = match kind {
            Some(kind) => kind == Kind::Text,
            None => std::str::from_utf8(message).is_ok(),
        };
        self.send(wire, if is_text { TEXT } else { BINARY }, message)
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
    fn obey(&mut self, wire: &mut impl Wire, opcode: u8, payload: &[u8]) {
        match opcode {
            PING => {
                self.send(wire, PONG, payload);
            }
            CLOSE => self.close_with(wire, answer_to_close(payload)),
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
        let (is_final, opcode, is_masked) = (first & 0x80 != 0, first & 0x0f, second & 0x80 != 0);
        let kind = match (opcode, self.within) {
            (CONTINUATION, Some(kind)) => Some(kind),
            (TEXT, None) => Some(Kind::Text),
            (BINARY, None) => Some(Kind::Binary),
            (CLOSE | PING | PONG, _) if is_final && second & 0x7f <= 125 => None,
            _ => return Err(Broken::Rules(PROTOCOL_ERROR)),
        };
        // Reserved bits belong to extensions, of which none was agreed on; clients must mask.
        if first & 0x70 != 0 || !is_masked {
            return Err(Broken::Rules(PROTOCOL_ERROR));
        }
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(exactly(wire)?)),
            127 => u64::from_be_bytes(exactly(wire)?),
            n => u64::from(n),
        };
        if length >> 63 != 0 {
            return Err(Broken::Rules(PROTOCOL_ERROR));
        }
        if length > limit && kind.is_some() {
            return Err(Broken::Rules(TOO_BIG));
        }
        let length = usize::try_from(length).map_err(|_| Broken::Rules(TOO_BIG))?;
        let mask: [u8; 4] = exactly(wire)?;
        let (mut bytes, mut have) = (Vec::new(), 0);
        while have < length {
            let room = have + (length - have).min(PIECE);
            bytes.resize(room.max(bytes.len()), 0);
            let n = wire.receive(&mut bytes[have..room])?;
            let piece = &mut bytes[have..have + n];
            unmask(piece, mask, have);
            if kind == Some(Kind::Text) && !self.text.goes_on(piece) {
                return Err(Broken::Rules(NO_TEXT));
            }
            have += n;
        }
        let Some(kind) = kind else { return Ok(Frame::Control(opcode, bytes)) };
        if is_final && !self.text.ends() {
            return Err(Broken::Rules(NO_TEXT));
        }
        self.within = (!is_final).then_some(kind);
        Ok(Frame::Data(Data { bytes, is_final, kind }))
    }
}

/// Takes the mask off bytes that begin `at` bytes behind their frame's head.
fn unmask(bytes: &mut [u8], mask: [u8; 4], at: usize) {
    let turned: [u8; 4] = std::array::from_fn(|i| mask[(at + i) % 4]);
    let word = u32::from_ne_bytes(turned);
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for four in words {
        *four = (u32::from_ne_bytes(*four) ^ word).to_ne_bytes();
    }
    rest.iter_mut().zip(turned).for_each(|(byte, mask)| *byte ^= mask);
}

/// The code that answers a close with this payload: the same, or that of the rule it breaks.
fn answer_to_close(payload: &[u8]) -> Option<u16> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return (!payload.is_empty()).then_some(PROTOCOL_ERROR);
    };
    let code = u16::from_be_bytes(*code);
    Some(match code {
        _ if std::str::from_utf8(reason).is_err() => NO_TEXT,
        // Those that are registered and may be sent; libraries' and applications' own.
        1000..=1003 | 1007..=1014 | 3000..=4999 => code,
        _ => PROTOCOL_ERROR,
    })
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
        let next = || socket.read(peer, LIMIT).map(|d| (String::from_utf8_lossy(&d.bytes).into_owned(), d.is_final));
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
    fn a_message_in_fragments_says_where_it_ends_and_control_frames_between_are_not_seen() {
        let frames = [frame(1, b"a"), frame(0x89, b"you there"), frame(0, b"b"), frame(0x8a, b""), frame(0x80, b"c")];
        let mut peer = Peer::new(&[&frames[..], &[frame(0x81, b"d")]].concat(), 3);
        let found = all(&mut Socket::default(), &mut peer);
        assert_eq!(found, [is("a", false), is("b", false), is("c", true), is("d", true)]);
        assert_eq!(peer.output, [&[0x8a, 9][..], b"you there"].concat());
    }

    #[test]
    fn text_may_be_cut_within_a_character_and_other_messages_hold_anything() {
        let frames = [frame(1, b"\xe2"), frame(0x89, b"\xff"), frame(0, b"\x82"), frame(0x80, b"\xac")];
        let mut peer = Peer::new(&[&frames[..], &[frame(0x82, b"\xff")]].concat(), 2);
        let mut socket = Socket::default();
        let read: Vec<_> = std::iter::from_fn(|| socket.read(&mut peer, LIMIT)).collect();
        assert_eq!(read.iter().map(|d| d.kind).collect::<Vec<_>>(), [Kind::Text, Kind::Text, Kind::Text, Kind::Binary]);
        assert_eq!(read.iter().map(|d| &d.bytes[..]).collect::<Vec<_>>().concat(), b"\xe2\x82\xac\xff");
    }

    #[test]
    fn a_mask_is_taken_off_wherever_a_piece_begins() {
        let text: Vec<u8> = (0..40).collect();
        for cut in 0..9 {
            let mut bytes: Vec<u8> = text.iter().enumerate().map(|(i, b)| b ^ [9, 8, 7, 6][i % 4]).collect();
            let (first, second) = bytes.split_at_mut(cut);
            unmask(first, [9, 8, 7, 6], 0);
            unmask(second, [9, 8, 7, 6], cut);
            assert_eq!(bytes, text);
        }
    }

    #[test]
    fn a_close_is_answered_once_and_ends_everything() {
        let mut peer = Peer::new(&[frame(0x88, &[3, 232, b'b', b'y', b'e']), frame(0x81, b"late")], 2);
        let mut socket = Socket::default();
        assert_eq!(all(&mut socket, &mut peer), []);
        assert_eq!(peer.output, [0x88, 2, 3, 232]);
        assert!(!socket.write(&mut peer, b"x", None));
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
        assert_eq!(code(&[vec![0x81, 2, b'h', b'i']]), PROTOCOL_ERROR, "not masked");
        assert_eq!(code(&[vec![0x89, 0]]), PROTOCOL_ERROR, "not masked, a control frame");
        assert_eq!(code(&[frame(0x81, b"\xc3\xa4\xff")]), NO_TEXT);
        assert_eq!(code(&[frame(0x81, b"\xc3")]), NO_TEXT, "ends within a character");
        assert_eq!(code(&[frame(0x01, b"\xc3"), frame(0x80, b"a")]), NO_TEXT);
        let cut = frame(0x81, b"a\xff and much that never comes")[..8].to_vec();
        assert_eq!(code(&[cut]), NO_TEXT, "before the frame is there");
        for payload in [&[3][..], &[0, 0], &[3, 231], &[3, 236], &[3, 237], &[3, 238], &[3, 247], &[7, 208], &[19, 136]]
        {
            assert_eq!(code(&[frame(0x88, payload)]), PROTOCOL_ERROR, "a close of {payload:?}");
        }
        assert_eq!(code(&[frame(0x88, &[3, 232, 0xff])]), NO_TEXT, "the reason of a close");
        for good in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999u16] {
            assert_eq!(code(&[frame(0x88, &good.to_be_bytes())]), good);
        }
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
        assert_eq!(
            socket.read(&mut peer, LIMIT),
            Some(Data { bytes: b"data".to_vec(), is_final: true, kind: Kind::Text })
        );
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
            assert!(Socket::default().write(&mut peer, &vec![b'x'; length], None));
            assert_eq!((&peer.output[..head.len()], peer.output.len()), (head, head.len() + length));
        }
        let mut peer = Peer::new(&[], 1);
        let mut socket = Socket::default();
        assert!(socket.write(&mut peer, b"\xff", None));
        assert!(socket.write(&mut peer, b"a", Some(Kind::Binary)));
        assert!(socket.write(&mut peer, b"a", Some(Kind::Text)));
        assert_eq!(peer.output, [0x82, 1, 0xff, 0x82, 1, b'a', 0x81, 1, b'a']);
    }
}
