//! `OPEN-ME.txt`: how to open the bundle with tools an agency has, beside it and in clear.
//!
//! **In scope**: the text. Nothing in it is personal: it is as public as a file name.

use super::receipt;
use crate::model::id::ProductionId;

/// The file's name.
pub const NAME: &str = "OPEN-ME.txt";

/// The commands for one production.
#[must_use]
pub fn text(production: &ProductionId) -> String {
    let bundle = receipt::bundle_name(production);
    let receipt = receipt::receipt_name(production);
    format!(
        "HOW TO OPEN {production}\n\
         \n\
         You need the age key (here: key.txt) whose recipient you registered with the provider,\n\
         and, from the provider by another way than this one, two public files:\n\
         \x20 log.vkey   the key of its log\n\
         \x20 signers    the key it signs deliveries with\n\
         Files that come with the delivery cannot vouch for the delivery.\n\
         \n\
         WITH PROBITY (opens and checks everything; Linux, macOS)\n\
         \x20 probity open {bundle} --identity key.txt --receipt {receipt} \\\n\
         \x20   --log-key log.vkey --out {production}\n\
         \n\
         WITH STOCK TOOLS\n\
         \n\
         Linux (Debian, Ubuntu: apt install age openssh-client) and macOS (brew install age)\n\
         \x20 age -d -i key.txt {bundle} > {production}.tar && tar xf {production}.tar\n\
         \x20 cd {production}\n\
         \x20 sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt      (macOS: shasum -a 256 -c)\n\
         \x20 ssh-keygen -Y verify -f ../signers -I provider -n probity-disclosure \\\n\
         \x20   -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt\n\
         \n\
         Windows (winget install FiloSottile.age; tar and ssh-keygen come with Windows; in cmd)\n\
         \x20 age -d -i key.txt -o {production}.tar {bundle} && tar xf {production}.tar\n\
         \x20 cd {production}\n\
         \x20 ssh-keygen -Y verify -f ..\\signers -I provider -n probity-disclosure ^\n\
         \x20   -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt\n\
         \x20 certutil -hashfile <file> SHA256      and compare with manifest-sha256.txt\n\
         \n\
         Any system with Python (pip install bagit)\n\
         \x20 bagit.py --validate {production}\n\
         \n\
         If age reports an error, the file is damaged or not complete: delete what was written\n\
         and ask for the bundle again.\n\
         \n\
         AFTER OPENING\n\
         index.html says what is there. Please send back an acknowledgement:\n\
         \x20 probity open … --ack {production}.ack.json      (with the flags above)\n\
         \x20 probity ack {production}.ack.json --key your-ssh-key\n"
    )
}
