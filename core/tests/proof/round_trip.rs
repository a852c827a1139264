// SPDX-License-Identifier: GPL-2.0-or-later
//! In: any values of the stick's and the radio's frames. Out: parsing what was emitted gives them back.

use carelink_core::pump::nak::Nak;
use carelink_core::pump::serial::Serial;
use carelink_core::stick::product::Band;
use carelink_core::stick::read_radio::Size;
use carelink_core::stick::received::ResponseType;
use carelink_core::stick::signal::Signal;
use carelink_core::stick::{
    Answered, Command, Context, Interface, NakReason, Opcode, Reply, command, reply as parse,
};
use carelink_core::tree::checksum::CrcStatus;
use carelink_core::tree::cursor::Cursor;
use carelink_samples::emit::{reply, request};
use proptest::prelude::*;

fn read_command(bytes: &[u8]) -> Command {
    command(&mut Cursor::new(bytes, 0, false, &mut ()), &Context::default()).expect("the frame is whole")
}

fn read_reply(bytes: &[u8], opcode: Opcode, argument: u16) -> Reply {
    let answers = Some(Answered { opcode, argument });
    parse(&mut Cursor::new(bytes, 0, false, &mut ()), answers, &Context::default())
        .expect("the frame is whole")
}

fn answer(bytes: &[u8]) -> [u8; 64] {
    reply::StickBuffer::new().answer(bytes)
}

proptest! {
    #[test]
    fn requests(size: u16, interface: u8) {
        prop_assert_eq!(read_command(&request::read_product_info()), Command::ProductInfo);
        prop_assert_eq!(read_command(&request::read_status()), Command::ReadStatus);
        prop_assert_eq!(read_command(&request::read_status()[..2]), Command::ReadStatus);
        prop_assert_eq!(read_command(&request::read_signal_strength()), Command::Signal);
        prop_assert_eq!(read_command(&request::read_radio(size)), Command::ReadRadio(Size(size)));
        let statistics = read_command(&request::read_statistics(interface));
        prop_assert_eq!(statistics, Command::Statistics(Interface::from(interface)));
    }

    #[test]
    fn transmits(
        serial: [u8; 3],
        opcode: u8,
        parameters in prop::collection::vec(any::<u8>(), 0..300),
        [repeat, retries, pages]: [u8; 3],
    ) {
        let sent = request::Transmit { serial, opcode, parameters: &parameters, repeat, retries, pages };
        let Command::Transmit(read) = read_command(&sent.to_bytes()) else { panic!("it is a transmit") };
        prop_assert_eq!(read.serial, Serial::new(&serial));
        prop_assert_eq!((read.opcode.0, read.retries, read.pages), (opcode, retries, pages));
        prop_assert_eq!(usize::from(read.parameters), parameters.len());
        prop_assert_eq!(read.first, parameters.first().copied());
        prop_assert!(read.crcs_good());
    }

    #[test]
    fn answers_of_the_stick(
        module: u8, radio: u8, size: u16, usb_size: u16, reason: u8, dbm: i8, interface in 0..2_u8,
        [crc_errors, sequence_errors, naks, timeouts]: [u8; 4], [received, sent]: [u32; 2],
    ) {
        prop_assert_eq!(read_reply(&answer(&reply::ack()), Opcode::Transmit, 0), Reply::Ack);
        let nak = read_reply(&answer(&reply::nak(reason)), Opcode::Transmit, 0);
        prop_assert_eq!(nak, Reply::Nak(NakReason::from(reason)));
        let signal = read_reply(&answer(&reply::signal_strength(dbm)), Opcode::Signal, 0);
        prop_assert_eq!(signal, Reply::Signal(Signal(dbm)));

        let status = reply::Status { module, radio, size, usb_size }.to_bytes();
        let Reply::Status(status) = read_reply(&answer(&status), Opcode::ReadStatus, 0) else { panic!("a status") };
        prop_assert_eq!(status.radio.0, radio);
        prop_assert_eq!(status.available, if radio & 1 == 1 { size } else { 0 });

        let bytes = reply::Statistics {
            crc_errors, sequence_errors, naks, timeouts, received, sent, undecoded: &[0; 21],
        };
        let Reply::Statistics(read) = read_reply(&answer(&bytes.to_bytes()), Opcode::Statistics, interface.into())
        else { panic!("statistics") };
        prop_assert_eq!(read.interface, Interface::from(interface));
        prop_assert_eq!([read.crc_errors, read.sequence_errors, read.naks, read.timeouts],
            [crc_errors, sequence_errors, naks, timeouts]);
        prop_assert_eq!([read.received, read.sent], [received, sent]);
    }

    #[test]
    fn product_infos(serial: [u8; 3], band: u8, name in "[A-Za-z0-9]{0,10}", software_version: [u8; 2]) {
        let mut description = [0; 10];
        description[..name.len()].copy_from_slice(name.as_bytes());
        let sent = reply::ProductInfo {
            serial, product_version: [0, 0], band, description, software_version, interfaces: [[0, 1], [1, 3]],
        };
        let Reply::Product(read) = read_reply(&sent.to_bytes(), Opcode::ProductInfo, 0) else { panic!("a product") };
        prop_assert_eq!((read.serial, read.band), (serial, Band::from(band)));
        prop_assert_eq!(read.description.to_string(), name);
        prop_assert_eq!(<[u8; 2]>::from(read.software), software_version);
    }

    #[test]
    fn radio_replies(
        response_type: u8, retries: u8, rssi: i8, end_of_data: bool, serial: [u8; 3],
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let sent = reply::RadioReply { response_type, retries, rssi, end_of_data, serial, payload: &payload };
        let bytes = sent.to_bytes();
        let size = u16::try_from(bytes.len()).expect("it is short");
        let Reply::Radio(read) = read_reply(&bytes, Opcode::ReadRadio, size) else { panic!("a radio reply") };
        prop_assert_eq!(read.response, ResponseType::from(response_type));
        prop_assert_eq!((read.retries, read.rssi, read.end_of_data), (retries, rssi, end_of_data));
        prop_assert_eq!(read.serial, Serial::new(&serial));
        prop_assert_eq!(usize::from(read.length), payload.len());
        prop_assert_eq!(read.header_crc, CrcStatus::Good);
        let checked = if payload.is_empty() { CrcStatus::NotPresent } else { CrcStatus::Good };
        prop_assert_eq!(read.payload_crc, checked);
        if response_type == 2 {
            prop_assert_eq!(read.nak, payload.first().copied().map(Nak::from));
        }
    }
}
