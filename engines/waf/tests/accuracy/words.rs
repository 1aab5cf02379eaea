//! Texts that people write, in several languages, and chance to choose among them. They are full of what a careless rule takes for an attack: quotes, dashes,
//! words of SQL and of shells, brackets and slashes.

pub const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// A sequence that looks like chance and is the same in every run (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// A text in a URL or form, encoded as browsers do.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(byte as char)
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub const SEARCHES: [&str; 64] = [
    "rock 'n' roll hits",
    "it's a wonderful life",
    "\"exact phrase\" search",
    "select committee report 2026",
    "how to select a mattress",
    "union square restaurants",
    "student union events and prices",
    "drop shipping from china",
    "table tennis table",
    "insert coin game",
    "update windows 11",
    "delete facebook account",
    "where to buy shoes",
    "order by phone",
    "group by age in class",
    "having a baby at 40",
    "C++ vs C#",
    "what is 1=1 in maths",
    "50% off & free shipping",
    "O'Reilly books",
    "5' 11\" in cm",
    "M&M's",
    "john d'arc -- biography",
    "salt & pepper",
    "a/b testing",
    "price < 100",
    "height > 180 cm",
    "iphone 15 (128gb) - blue",
    "cat food; dry",
    "cats and dogs",
    "node.js require module",
    "java.util.List tutorial",
    "ping pong",
    "echo dot 5",
    "sleep tracker (best)",
    "bash brothers",
    "script writing course",
    "alert bay hotel",
    "on load balancing",
    "like or dislike",
    "between two ferns",
    "and then there were none",
    "either/or",
    "not in stock?",
    "1 or 2 people",
    "8 and 9 year olds",
    "null island",
    "char siu recipe",
    "exec jobs in london",
    "case when closed",
    "from dusk till dawn",
    "서울 맛집 '강남' 추천",
    "부산 여행 2박 3일 & 호텔",
    "김치찌개 만드는 법 (쉬운)",
    "아이폰 15 케이스; 투명",
    "東京 ラーメン \"おすすめ\"",
    "Straße & Häuser – günstig",
    "l'été à Paris, c'est beau",
    "¿dónde está la biblioteca?",
    "цена < 5000 руб.",
    "قهوة 'عربية'",
    "😀 emoji + \"party\"",
    "tcp/ip & udp",
    "r&b music -- 90's",
];

pub const SENTENCES: [&str; 56] = [
    "Hello, I'd like to know when my order (#4711) will arrive.",
    "The package wasn't delivered - it's been 5 days!",
    "Please select a time between 10:00 and 12:00, or call us.",
    "He said \"I'm not sure\" and left; we'll ask again tomorrow.",
    "Drop the box at the table by the door, and update the list.",
    "Our union meets where the old market was; insert your name below.",
    "Prices: S = 10€, M = 12€, L = 15€ (incl. VAT).",
    "If x > 5 and y < 3, the result is \"true\".",
    "Use Ctrl+C / Ctrl+V -- it's faster.",
    "See https://example.com/docs/page?id=5&lang=en#top for details.",
    "Contact: alice.o'neill@example.org | +82 2-555-0100",
    "The meeting is on 25/11/2026 @ 14:00; don't be late!",
    "Rating: 4/5 *****, would buy again & again.",
    "Order by Friday, group by size, having paid in full.",
    "I can't open the file C:\\Users\\Me\\Documents\\report.docx.",
    "Run the app, then click File > Save As... and choose a folder.",
    "Ingredients: 1/2 cup sugar; 3 eggs; salt & pepper; 1 or 2 lemons.",
    "\"Select all\" doesn't work in version 3.2 (build 118) -- see the log.",
    "The function f(x) = x^2 + 1 has no real roots.",
    "Is it 'either' or 'neither'? Both are used (see note 3).",
    "Great script! The actors were like family; the sleep scene was moving.",
    "We need a table for 4 and a high chair; is 7 or 8 pm possible?",
    "What's the difference between 'exec' and 'spawn' in this tool?",
    "Delete from your calendar everything after lunch.",
    "Please insert into the slot until it clicks, then update me.",
    "It's John's - not Mary's - and 'that' was in '98.",
    "Terms & conditions apply: 10% off > $50; one per person.",
    "FYI: the char was burnt, the cast was great, the substring wasn't.",
    "a) yes; b) no; c) I don't know",
    "Wow!!! :-) ;-) <3 <3 <3",
    "Temperature: -5°C .. +3°C, wind = 12 km/h",
    "Name;Age;City\nBob;42;Köln\nAnn;37;Łódź",
    "- item one\n- item two\n-- sub item\n# not a heading",
    "1) First, wash; 2) then, cut; 3) and cook.",
    "안녕하세요, 주문(#1234)은 언제 도착하나요? '빠른 배송' 부탁드립니다.",
    "문 앞에 놓아 주세요 - 벨은 누르지 마세요; 아기가 자고 있어요.",
    "가격이 10,000원 이상이면 배송비가 무료입니다 (제주도 = 3,000원).",
    "그는 \"내일 봐요\"라고 말했다. 그리고 떠났다...",
    "이 제품은 정말 좋아요! 또 구매할게요 ^^ ㅋㅋㅋ",
    "선택: 1) 예 2) 아니오 / 기타 (직접 입력)",
    "서울특별시 강남구 테헤란로 152 (역삼동), 3층 '가나다'호",
    "ご注文ありがとうございます。「早め」にお願いします。",
    "商品は良かったです；また買います（★★★★★）",
    "您好，请问订单 #8899 什么时候发货？谢谢！",
    "Größe 42 passt nicht – ich möchte 'ne 43, bitte.",
    "L'adresse est : 12 rue de l'Église, 75001 Paris ; merci d'avance !",
    "¡Hola! ¿Podrían enviarme el pedido \"4711\"? Gracias; saludos.",
    "Привет! Когда придёт заказ №15? Он был «срочный».",
    "السلام عليكم، متى يصل طلبي رقم 5؟",
    "Chúng tôi cần 2 vé; giá = 300.000 đ.",
    "Proszę o fakturę na firmę 'Żółw & Syn' sp. z o.o.",
    "Dear Sir/Madam, re: invoice 2026-11/0042 -- amount due: $1,299.00",
    "Can I return it? I've worn it once (indoors) and it's too small.",
    "Using version 2.0 of the tool, set the option 'mode' to \"fast\".",
    "The answer is 42; the question isn't known.",
    "My favourite films: Se7en, Sleepless in Seattle, From Dusk Till Dawn & Drop Dead Fred.",
];

pub const NAMES: [&str; 24] = [
    "Alice",
    "Bob O'Neill",
    "김민수",
    "이서연",
    "Jean-Luc D'Arcy",
    "María José",
    "Łukasz",
    "Søren",
    "山田 太郎",
    "Ngô Thị",
    "Zoë",
    "d'Artagnan",
    "Mc-Donald",
    "von der Leyen",
    "José Ángel",
    "Иван",
    "محمد",
    "N/A",
    "-",
    "Drop Table Ltd",
    "Union & Sons",
    "Null",
    "Anne-Marie",
    "St. John",
];

pub const PATHS: [&str; 24] = [
    "/",
    "/index.html",
    "/products/4711",
    "/categories/shoes/running",
    "/search",
    "/cart",
    "/checkout/step-2",
    "/account/orders",
    "/api/v1/users/42",
    "/api/v2/items",
    "/blog/2026/11/how-to-select-a-mattress",
    "/static/js/app.3f2a9c.js",
    "/static/css/main.css",
    "/images/logo@2x.png",
    "/favicon.ico",
    "/robots.txt",
    "/sitemap.xml",
    "/ko/상품/신발",
    "/docs/en/",
    "/download/report-2026.pdf",
    "/fonts/inter.woff2",
    "/feed.xml",
    "/wiki/Union_(set_theory)",
    "/u/john.doe/photos",
];
