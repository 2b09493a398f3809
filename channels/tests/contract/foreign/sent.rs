//! What the platforms send, as they document it: each with the library that signs it, or says what it
//! thinks of it.

/// A request that a library signs.
pub struct Signed {
    pub by: &'static str,
    pub definition: &'static str,
    pub body: &'static str,
    /// How the account says it.
    pub fields: &'static [(&'static str, &'static str)],
    /// Whether the proof speaks of the body.
    pub covers_body: bool,
}

const FORM: &str = "Body=482913+%F0%9F%98%80+%C3%A9&From=%2B3725551234&MessageSid=SM1&NumMedia=0&ProfileName=&SmsStatus=received&To=%2B14155552345&A=b&A=a&A=b";
const TWILIO_JSON: &str = r#"{"event":"onMessageAdded","body":"482913 é\/\u00e4"}"#;
const LINE: &str = r#"{"destination":"U8e","events":[{"type":"message","source":{"type":"user","userId":"U4af"},"webhookEventId":"01FZ","message":{"id":"4","type":"text","text":"482913 ✓"}}]}"#;
const LINE_LINKED: &str = r#"{"destination":"U8e","events":[{"type":"accountLink","source":{"type":"user","userId":"U4af"},"webhookEventId":"01FZ","replyToken":"r","link":{"result":"ok","nonce":"n-482913"}}]}"#;
const REFERRAL: &str = r#"{"object":"page","entry":[{"id":"682498302938465","messaging":[{"sender":{"id":"24685"},"recipient":{"id":"682498302938465"},"referral":{"ref":"n-482913","source":"SHORTLINK","type":"OPEN_THREAD"}}]}]}"#;
const STANDARD: &str = r#"{"type":"message.received","data":{"from":"cust-42","id":"m1","text":"482913 ✓"}}"#;
const BIRD: &str = r#"{"service":"channels","event":"sms.inbound","payload":{"id":"m1","sender":{"contact":{"identifierValue":"+3725551234"}},"body":{"type":"text","text":{"text":"482913"}}}}"#;
const VONAGE: &str = r#"{"channel":"sms","message_uuid":"m1","to":"447700900001","from":"3725551234","message_type":"text","text":"482913"}"#;
const SINCH: &str = r#"{"app_id":"01E","message":{"id":"m1","direction":"TO_APP","contact_message":{"text_message":{"text":"482913"}},"channel_identity":{"channel":"SMS","identity":"+3725551234"}}}"#;
const SNS: &str = r#"{"originationNumber":"+3725551234","messageBody":"482913","inboundMessageId":"m1"}"#;
const PEGA: &str = r#"{"type":"text","customer_id":"cust-42","message_id":"m1","text":["482913"]}"#;
const APPLE: &str = r#"{"type":"text","id":"m1","sourceId":"urn:mbid:A","destinationId":"biz","body":"482913"}"#;
const TEAMS: &str = r#"{"type":"message","id":"m1","channelId":"msteams","serviceUrl":"https://smba.example/emea/","from":{"id":"29:1"},"conversation":{"id":"a:1","conversationType":"personal"},"text":"482913"}"#;
const SLACK: &str = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel_type":"im","user":"U2","channel":"D1","text":"482913 &amp; ✓","ts":"1.2"}}"#;
const META: &str = r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"3725551234","id":"wamid.1","type":"text","text":{"body":"482913 \u00e4\/"}}]}}]}]}"#;

/// By libraries for Node.
pub const NODE: &[Signed] = &[
    Signed { by: "twilio", definition: "twilio-sms", body: FORM, fields: &[], covers_body: true },
    Signed { by: "twilio", definition: "twilio-whatsapp", body: FORM, fields: &[], covers_body: true },
    Signed { by: "twilio-json", definition: "twilio-sms", body: TWILIO_JSON, fields: &[], covers_body: true },
    Signed { by: "line", definition: "line", body: LINE, fields: &[], covers_body: true },
    Signed { by: "line", definition: "line", body: LINE_LINKED, fields: &[], covers_body: true },
    Signed { by: "standard-webhooks", definition: "standard-webhooks", body: STANDARD, fields: &[], covers_body: true },
    Signed { by: "messagebird", definition: "messagebird", body: BIRD, fields: &[], covers_body: true },
    Signed { by: "vonage", definition: "vonage", body: VONAGE, fields: &[], covers_body: true },
    Signed { by: "sinch", definition: "sinch", body: SINCH, fields: &[], covers_body: true },
    Signed { by: "sns", definition: "amazon-sns", body: SNS, fields: &[], covers_body: true },
    Signed {
        by: "sns-sha1",
        definition: "amazon-sns",
        body: SNS,
        fields: &[("signature_version", "1")],
        covers_body: true,
    },
    Signed { by: "pega", definition: "pega", body: PEGA, fields: &[], covers_body: false },
    Signed { by: "apple", definition: "apple-messages", body: APPLE, fields: &[], covers_body: false },
    Signed { by: "bot-framework", definition: "bot-framework", body: TEAMS, fields: &[], covers_body: false },
];

/// By libraries for Python.
pub const PYTHON: &[Signed] = &[
    Signed { by: "slack", definition: "slack", body: SLACK, fields: &[], covers_body: true },
    Signed { by: "standard-webhooks", definition: "standard-webhooks", body: STANDARD, fields: &[], covers_body: true },
    Signed { by: "meta", definition: "whatsapp-cloud", body: META, fields: &[], covers_body: true },
    Signed { by: "meta", definition: "messenger", body: META, fields: &[], covers_body: true },
    Signed { by: "meta", definition: "messenger", body: REFERRAL, fields: &[], covers_body: true },
    Signed { by: "meta", definition: "instagram", body: META, fields: &[], covers_body: true },
];
