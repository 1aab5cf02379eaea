//! Korean names: a family name and two syllables of given names, where a title, a word or a field says that a person is meant.

use super::name::{Name, Strength};
use crate::anchor::run;

/// Words that say that a name follows; a field so named holds names.
pub(crate) const WORDS: &str = "이름, 성명, 성함, 고객명, 고객, 담당자, 담당, 대표자, 대표, 예금주, 신청인, 신청자, 수령인, 받는분, 받는 사람, 보내는분, 보내는 사람, \
    작성자, 환자명, 환자, 회원명, 회원, 직원명, 사원명, 직원, 피보험자, 계약자, 보호자, 연락담당, 주문자, 수취인, 발신인, 수신인, 학생, 학생명, \
    교사, 주민, 세대주, 소유자, 임차인, 임대인, name, customer name, full name, korean name, 한글이름, 참석자, 보고자, 승인자, 지원자";

/// The family names of most Koreans.
const KOREAN_SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구라민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어";
/// Syllables of given names.
const KOREAN_GIVEN: &str = "아후나름라별봄결늘샘들솜율온가강건경고관광교구국권규균근금기길나남노다대덕도동두란람래려련렬령례로록루룡류리린림만명모무문미민바배백범별병보복봉본빈빛사산삼상새샘서석선설섭성세소솔송수숙순\
    슬승시식신실심아안애언연열영예오옥온완요용우욱운웅원월위유윤율은을의이익인일임자장재전정제조종주준중지진찬창채천철초춘충치태택표하학한해향헌혁현협형혜호홍화환회효훈휘휴희";

/// A Korean word that may be a person's name: surname and two syllables of given names, alone or with a title or a particle.
pub(crate) fn name_at(text: &[u8], at: usize) -> Option<Name> {
    let rest = &text[at..text.len().min(at + 30)];
    let length = run(rest, |byte| byte >= 0x80);
    let word = match std::str::from_utf8(&rest[..length]) {
        Ok(word) => word,
        Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut chars = word.chars();
    let surname = chars.next().filter(|c| KOREAN_SURNAMES.contains(*c))?;
    let given: Vec<char> = chars.by_ref().take(2).collect();
    if given.len() != 2 || !given.iter().all(|c| KOREAN_GIVEN.contains(*c)) {
        return None;
    }
    let end = at + surname.len_utf8() + given.iter().map(|c| c.len_utf8()).sum::<usize>();
    let tail = chars.as_str();
    let after = &text[end + tail.len()..text.len().min(end + tail.len() + 16)];
    let after = std::str::from_utf8(after)
        .unwrap_or_else(|e| std::str::from_utf8(&after[..e.valid_up_to()]).unwrap_or_default());
    let honoured = HONORIFICS.split(' ').any(|title| tail.starts_with(title))
        || (tail.is_empty()
            && after
                .strip_prefix(' ')
                .is_some_and(|next| HONORIFICS.split(' ').any(|title| next.starts_with(title))));
    let particle = tail.is_empty() || PARTICLES.split(' ').any(|particle| particle == tail);
    match (honoured, particle) {
        (true, _) => Some(Name { start: at, end, strength: Strength::Sure }),
        (false, true) => Some(Name { start: at, end, strength: Strength::Needy }),
        _ => None,
    }
}

const HONORIFICS: &str = "님 씨 대리 과장 차장 부장 팀장 사원 주임 이사 상무 전무 사장 대표 교수 선생 박사 원장 실장 고객님 회장 기사 간호사 변호사 의사 귀하 군 양";
const PARTICLES: &str = "은 는 이 가 을 를 의 에게 께 과 와 도 으로 로 입니다 이며 이고 께서 한테";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_names_have_a_surname_and_two_syllables() {
        let korean = |text: &str| {
            name_at(text.as_bytes(), 0).map(|n| (text[..n.end].to_owned(), n.strength))
        };
        assert_eq!(korean("김민준 씨가"), Some(("김민준".into(), Strength::Sure)));
        assert_eq!(korean("이서연님"), Some(("이서연".into(), Strength::Sure)));
        assert_eq!(korean("박지훈은"), Some(("박지훈".into(), Strength::Needy)));
        assert_eq!(korean("정보통신"), None);
        assert_eq!(korean("쀍민준"), None);
    }
}
