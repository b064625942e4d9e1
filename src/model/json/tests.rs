//! Goal: whatever passes has one reading; whatever fails says where.
//! Method: a table of faults, and agreement with `serde_json` on random documents.

use proptest::prelude::*;

use super::*;

fn pointer(text: &str) -> String {
    text.to_owned()
}

#[test]
fn each_fault_by_its_name_and_place() {
    let check = |bytes: &[u8], error: JsonError| assert_eq!(super::check(bytes), Err(error), "{bytes:?}");
    check(b"\xFF", JsonError::NotUtf8);
    check(b"\xEF\xBB\xBF{}", JsonError::ByteOrderMark);
    check(b"", JsonError::Syntax { at: 0, what: "a value" });
    check(b"{} {}", JsonError::Syntax { at: 3, what: "the end" });
    check(b"[1,]", JsonError::Syntax { at: 3, what: "a value" });
    check(b"{\"a\":1,}", JsonError::Syntax { at: 7, what: "a member's name" });
    check(b"\"\x01\"", JsonError::Syntax { at: 1, what: "the end of a string, without control characters" });
    check(br#"{"a":{"b":1,"\u0062":2}}"#, JsonError::Duplicate { pointer: pointer("/a/b") });
    for number in
        ["1.0", "1e3", "01", "-0", "9007199254740992", "-9007199254740992", "99999999999999999999", "-"]
    {
        let text = format!("[0,{number}]");
        check(text.as_bytes(), JsonError::Number { pointer: pointer("/1") });
    }
    for lone in
        [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00"}"#, r#"{"a":"\ud800\u0041"}"#, r#"{"a":"\ud800\ud800"}"#]
    {
        check(lone.as_bytes(), JsonError::Surrogate { pointer: pointer("/a") });
    }
    let deep = format!("{}1{}", "[".repeat(16), "]".repeat(16));
    check(deep.as_bytes(), JsonError::Depth { pointer: "/0".repeat(16) });
    let many =
        (0..40).map(|n| format!("\"m{n}\":{n}")).chain(["\"m3\":0".into()]).collect::<Vec<_>>().join(",");
    check(format!("{{{many}}}").as_bytes(), JsonError::Duplicate { pointer: pointer("/m3") });
}

#[test]
fn the_bounds_themselves_pass() {
    let deepest = format!("{}1{}", "[".repeat(15), "]".repeat(15));
    for good in [deepest.as_str(), "[9007199254740991,-9007199254740991,0]", r#""\ud83d\ude00""#, " {} "] {
        assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
    }
}

#[test]
fn shape_errors_name_the_place_and_never_the_value() {
    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        n: u64,
    }
    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        list: Vec<Inner>,
    }
    let error = parse::<Outer>(br#"{"list":[{"n":1},{"n":"secret"}]}"#).expect_err("a string is no number");
    assert_eq!(error.pointer(), Some("/list/1/n"));
    assert!(!error.to_string().contains("secret"), "{error}");
    let tricky = br#"{"list":[{"n":"Bob, expected secret"}]}"#;
    let error = parse::<Outer>(tricky).expect_err("a string is no number").to_string();
    assert!(!error.contains("secret") && !error.contains("Bob"), "{error}");
    let error = parse::<super::super::class::DataClass>(br#""secret""#).expect_err("no class");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(error.to_string().contains("expected one of `existence`"), "{error}");
    let error = parse::<Outer>(br#"{"list":[],"more":1}"#).expect_err("unknown");
    assert!(error.to_string().contains("unknown field `more`"), "{error}");
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 40, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn accepts_what_serde_prints(value in document()) {
        prop_assert_eq!(check(value.to_string().as_bytes()), Ok(()));
    }

    #[test]
    fn accepts_nothing_that_serde_refuses(bytes in proptest::collection::vec(prop_oneof![
        Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b':'), Just(b','), Just(b'\\'),
        Just(b'u'), Just(b'1'), Just(b'0'), Just(b'-'), Just(b'.'), Just(b'n'), Just(b' '), any::<u8>(),
    ], 0..24)) {
        if check(&bytes).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
        }
    }
}
