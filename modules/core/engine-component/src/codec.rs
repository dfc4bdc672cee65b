//! The exported heavy work on bytes, for hosts that cannot do it themselves: as `wit/client/codec.wit` says.

use thalweg_bindings::Portable;
use thalweg_contract::{Codec, wit::FromWit};

use crate::{
    Component,
    bindings::codec::{DecodeInput, EncodeInput, EncodeOutput, Guest},
};

impl Guest for Component {
    fn encode(input: EncodeInput) -> Result<EncodeOutput, String> {
        let encoded = thalweg_codec::encode::<Portable>(Codec::from_wit(input.codec), input.level, &input.buffers);
        let encoded = encoded.map_err(|error| error.to_string())?;
        Ok(EncodeOutput { body: encoded.body, lengths: encoded.lengths, checksum: encoded.checksum })
    }

    fn decode(input: DecodeInput) -> Result<Vec<u8>, String> {
        thalweg_codec::decode::<Portable>(Codec::from_wit(input.codec), &input.buffers)
            .map_err(|error| error.to_string())
    }

    fn checksum(bytes: Vec<u8>) -> u32 {
        thalweg_codec::checksum(&bytes)
    }
}
